// The one list of what this package does otherwise than QEMU on purpose, and the check that the list is true.

import { isSince, qemuRelease } from '../../src/machine/qemu-releases.js'
import { type MachineProgram, QemuProcess } from '../qemu/qemu-process.js'
import type { Reference } from '../qemu/reference.js'

interface KnownDifference {
  readonly title: string
  /** A qtest line at which QEMU ends by an assertion. */
  readonly line: string
  readonly reason: string
  /** The first release that does otherwise. */
  readonly until?: string
}

const REASON = 'a server must outlive a bad client: it answers ERR and what is wrong, where QEMU aborts'

/** The random streams have none of these; in everything they have, no difference is accepted. */
export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  { title: 'an empty line', line: '', reason: REASON, until: '11.1' },
  { title: 'no port', line: 'inb', reason: REASON },
  { title: 'no value', line: 'outb 0x505', reason: REASON },
  { title: 'a port that is no number', line: 'inb five', reason: REASON },
  { title: 'a port above 0xffff', line: 'inb 0x10000', reason: REASON },
  { title: 'two spaces', line: 'inb  0x505', reason: REASON },
  { title: 'a carriage return', line: 'inb 0x505\r', reason: REASON },
  { title: 'a value of more than 64 bits', line: 'outb 0x80 0x10000000000000000', reason: REASON },
  { title: 'no size', line: 'read 0x1000', reason: REASON },
]

/** Shows both programs each of them; returns a sentence for each that is not as listed. */
export async function checkKnownDifferences(
  { program: qemu, qemu: { version } }: Reference,
  ours: MachineProgram,
): Promise<string[]> {
  const wrong: string[] = []
  for (const { title, line, until } of KNOWN_DIFFERENCES) {
    if (until !== undefined && isSince(qemuRelease(version), until)) continue
    const theirs = await replyTo(line, qemu)
    if (theirs !== undefined) wrong.push(`${title}: QEMU lives and answers ${theirs}`)
    const reply = await replyTo(line, ours)
    if (reply?.startsWith('ERR ') !== true) wrong.push(`${title}: ours ${reply ? `answers ${reply}` : 'has ended'}`)
  }
  return wrong
}

/** The reply, or undefined when the program has ended. */
async function replyTo(line: string, program: MachineProgram): Promise<string | undefined> {
  const machine = await QemuProcess.start(['-device', 'pvpanic'], program)
  try {
    const { reply, exitCode } = await machine.observeQtest(line)
    return exitCode === undefined ? reply : undefined
  } finally {
    await machine.dispose()
  }
}
