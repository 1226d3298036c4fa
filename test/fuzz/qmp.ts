// QMP clients that send damaged commands in pieces: every byte is answered or skipped, and the next request is read.

import { deepStrictEqual } from 'node:assert'
import { Machine } from '../../src/machine/machine.js'
import { QMP_COMMANDS } from '../../src/monitor/qmp/commands.js'
import { QmpMonitor } from '../../src/monitor/qmp/monitor.js'
import { QmpSession } from '../../src/monitor/qmp/session.js'
import { RESYNC } from '../monitor/qmp-recording.js'
import type { Random } from '../random.js'
import { bytesOf, inPieces, latin1, mutateText, randomBytes } from './mutate.js'
import type { FuzzTarget, Tally } from './target.js'

const REQUESTS = 25

/** A client of a machine of its own. */
class Client {
  output = ''
  closed = false
  readonly #session: QmpSession

  constructor(qemu: string) {
    const machine = new Machine({ qemu, startPaused: true, clock: () => 1.5 })
    this.#session = new QmpSession(new QmpMonitor(machine), {
      send: (bytes) => {
        this.output += latin1(bytes)
      },
      close: () => {
        this.closed = true
      },
      limits: { bytes: 4096, tokens: 512, depth: 32 },
    })
    this.#session.start()
  }

  send(pieces: Iterable<Uint8Array>): void {
    for (const piece of pieces) this.#session.receive(piece)
  }
}

function run(random: Random, tally: Tally): void {
  const qemu = random.pick(['1.5.0', '2.4', '5.2', '7.2', '9.1', '10.0'])
  const [client, twin] = [new Client(qemu), new Client(qemu)]
  const greeted = random.chance(0.9) ? '{"execute":"qmp_capabilities"}\n' : ''
  const requests = Array.from({ length: REQUESTS }, () => request(random)).join('')
  const input = bytesOf(greeted + requests + RESYNC)
  client.send([input])
  twin.send(inPieces(random, input))
  tally.inputs += REQUESTS
  deepStrictEqual([twin.output, twin.closed], [client.output, client.closed])

  const lines = client.output.split('\r\n')
  deepStrictEqual(lines.pop(), '')
  const messages = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  for (const message of messages) checkMessage(message)
  if (!client.closed) deepStrictEqual(messages.findLast((message) => !('event' in message))?.id, 'resync')
}

function checkMessage(message: Record<string, unknown>): void {
  const { error } = message as { error?: { class: unknown; desc: unknown } }
  const kinds = ['QMP', 'return', 'error', 'event'].filter((kind) => kind in message)
  deepStrictEqual(kinds.length, 1, `a message of no kind: ${JSON.stringify(message)}`)
  if (error !== undefined) deepStrictEqual([typeof error.class, typeof error.desc], ['string', 'string'])
}

function request(random: Random): string {
  if (random.chance(0.05)) return latin1(randomBytes(random, random.below(60)))
  const text = wellFormed(random)
  return random.chance(0.5) ? mutateText(random, text, PIECES) : text
}

function wellFormed(random: Random): string {
  const fields = [
    `"${random.chance(0.05) ? 'exec-oob' : 'execute'}": ${JSON.stringify(random.chance(0.95) ? random.pick(NAMES) : 'none-such')}`,
  ]
  if (random.chance(0.7)) fields.push(`"arguments": ${object(random)}`)
  if (random.chance(0.5)) fields.push(`"id": ${value(random, 2)}`)
  return `{${fields.join(', ')}}${random.pick(['', '\n', '\r\n', ' '])}`
}

// `quit` ends a session; now and then is enough.
const NAMES = [...QMP_COMMANDS.keys()].filter((name) => name !== 'quit')
const ARGUMENTS = ['path', 'property', 'value', 'id', 'driver', 'bus', 'command-line', 'cpu-index', 'enable', 'typename', 'panic', 'shutdown', 'reboot', 'watchdog', 'implements', 'abstract'] // biome-ignore format: one list
const TEXTS = ['/machine', '/', 'pvpanic', 'ioport', 'info mtree -f', 'info status', 'i /b 0x505', 'o /w 0x505 -1', 'i 1/0', 'isa-debug-exit', 'pause', 'none', 'oob', '', '\\u0000', '\\ud800', '%s', '\\n', 'x'.repeat(300)] // biome-ignore format: one list
const PIECES = ['{', '}', '[', ']', '"', "'", ',', ':', '\\u12', '\\', '\xff', '\0', '1e400', '-', '0x1', 'true', 'null', '%d', '{"execute":"quit"}', '[['.repeat(20), '9'.repeat(80)] // biome-ignore format: one list

function object(random: Random): string {
  const names = Array.from({ length: random.below(4) }, () => random.pick(ARGUMENTS))
  return `{${names.map((name) => `"${name}": ${value(random, 0)}`).join(', ')}}`
}

function value(random: Random, depth: number): string {
  const simple = depth > 3 ? 6 : 8
  // biome-ignore format: a table
  switch (random.below(simple)) {
    case 0: case 1: case 2: return `"${random.pick(TEXTS)}"`
    case 3: return random.pick(['0', '-1', '1285', '1.5', '1e400', '-0', '18446744073709551616', '9'.repeat(40)])
    case 4: return random.pick(['true', 'false', 'null'])
    case 5: return object(random)
    case 6: return `[${Array.from({ length: random.below(4) }, () => value(random, depth + 1)).join(',')}]`
    default: return `{"a": ${value(random, depth + 1)}}`
  }
}

export const qmpTarget: FuzzTarget = { name: 'qmp', run }
