// What a client, or a guest, can send without end, and what kind of it a real QEMU can be given too.

/** Clients that send the same text again and again, and read all that comes. */
export interface Flood {
  readonly title: string
  readonly protocol: 'qmp' | 'qtest'
  /** A request, or several. */
  readonly text: string
  /** So many clients at one time. 1. */
  readonly clients?: number
  /** A real QEMU aborts on it, or takes minutes for one. */
  readonly onlyOurs?: true
}

const execute = (command: string, args?: unknown) => `${JSON.stringify({ execute: command, arguments: args })}\n`
const human = (line: string) => execute('human-monitor-command', { 'command-line': line })

/** A request that is as long as ours may be, and whose answer is longer. */
const LONG_ID = `{"execute":"query-name","id":"${'\x7f'.repeat(60_000)}"}\n`

export const FLOODS: readonly Flood[] = [
  { title: 'query-status', protocol: 'qmp', text: execute('query-status') },
  { title: 'query-status, 16 clients', protocol: 'qmp', text: execute('query-status'), clients: 16 },
  { title: 'an id of 60,000 bytes', protocol: 'qmp', text: LONG_ID },
  { title: 'info mtree -f', protocol: 'qmp', text: human('info mtree -f') },
  { title: 'stop and cont, with events', protocol: 'qmp', text: execute('stop') + execute('cont') },
  { title: 'damaged JSON', protocol: 'qmp', text: '}'.repeat(64) },
  { title: 'inb', protocol: 'qtest', text: 'inb 0x505\n' },
  { title: 'panics, with events', protocol: 'qtest', text: 'outb 0x505 1\n' },
  { title: 'read of 512 KiB', protocol: 'qtest', text: 'read 0x0 0x7ffc0\n' },
  { title: 'write of 512 KiB', protocol: 'qtest', text: `write 0x0 0x7ffc0 0x${'a5'.repeat(0x7ffc0)}\n` },
  { title: 'memset of 64 MiB', protocol: 'qtest', text: 'memset 0x0 0x4000000 0x1\n' },
  {
    title: 'memset of 64 MiB, 16 clients',
    protocol: 'qtest',
    text: 'memset 0x0 0x4000000 0x1\n',
    clients: 16,
    onlyOurs: true,
  },
  { title: 'memset of 2^64 - 1 bytes', protocol: 'qtest', text: 'memset 0x0 0xffffffffffffffff 0x1\n', onlyOurs: true },
  { title: 'a number of 32,000 zeros', protocol: 'qtest', text: `inb 0x${'0'.repeat(32_000)}g\n`, onlyOurs: true },
]
