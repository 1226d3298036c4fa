// `isa-pvpanic trace record`: boots a guest and writes down what it does at the machine's ports.

import { recordPortTrace } from '../../bus/port-trace.js'
import { showSize } from '../../common/size.js'
import type { Machine } from '../../machine/machine.js'
import { bootGuest } from '../../testing/boot-guest.js'
import type { Guest } from '../../testing/guest.js'
import { GuestError } from '../../testing/waiters.js'
import { quitOnSignals } from '../end-signals.js'
import { EXIT } from '../exit-codes.js'
import type { Terminal } from '../terminal.js'
import { refusing } from '../usage-error.js'
import { checkWritable } from '../user-files.js'
import { count } from './accesses.js'
import { writeTrace } from './trace-file.js'

export interface RecordOptions {
  readonly iobase: number
  readonly events?: number
  readonly qemu?: string
  readonly bios?: string
  readonly memory?: number
  /** Milliseconds. */
  readonly timeout: number
  /** Bytes. */
  readonly limit: number
}

/** Gives the exit code. */
export async function record(
  path: string,
  { timeout, limit, ...options }: RecordOptions,
  terminal: Terminal,
): Promise<number> {
  checkWritable(path)
  const guest = await bootInTime(options, timeout)
  if (guest === undefined) {
    terminal.out(`nothing recorded, ${path} is not written; time ran out before the guest was started\n`)
    return EXIT.timedOut
  }
  let interrupted = false
  guest.machine.on('SHUTDOWN', ({ data }) => {
    interrupted = data?.reason === 'host-signal'
  })
  const ignoreSignals = quitOnSignals(guest.machine)
  try {
    let ending: RecordEnding = { told: '', exitCode: EXIT.fault }
    const { accesses, leftOut } = await writeTrace(path, limit, async (write) => {
      const stop = recordPortTrace(guest.machine.bus, write)
      ending = await recordUntilEnd(guest, timeout, () => interrupted)
      return stop()
    })
    const { told, exitCode } = ending
    if (accesses > 0) {
      const cut =
        leftOut === 0 ? '' : `, of which the last ${leftOut} did not fit into the limit of ${showSize(limit)} (--limit)`
      terminal.out(`${count(accesses)} recorded${cut}; ${told}\n`)
      return exitCode
    }
    terminal.out(`nothing recorded, ${path} is not written; ${told}\n`)
    return exitCode === EXIT.asExpected ? EXIT.unexpected : exitCode
  } finally {
    ignoreSignals()
    await guest.dispose()
  }
}

/** The guest, which waits; undefined if its images have not come in time. */
async function bootInTime(
  options: Omit<RecordOptions, 'timeout' | 'limit'>,
  timeoutMs: number,
): Promise<Guest<Machine> | undefined> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), timeoutMs)
  const { signal } = late
  try {
    return await refusing(() => bootGuest({ ...options, onPanic: 'preserve', startPaused: true, signal }))
  } catch (error) {
    if (signal.aborted) return undefined
    throw error
  } finally {
    clearTimeout(timer)
  }
}

interface RecordEnding {
  readonly told: string
  readonly exitCode: number
}

/** Lets the guest run until it reports, ends, is interrupted, or has had its time. */
async function recordUntilEnd(
  guest: Guest<Machine>,
  timeoutMs: number,
  wasInterrupted: () => boolean,
): Promise<RecordEnding> {
  const { machine } = guest
  // A signal may have come already.
  if (machine.exitCode === undefined) machine.cont()
  try {
    const { event } = await guest.nextPanic({ timeoutMs })
    return { told: `the guest reported ${event}`, exitCode: EXIT.asExpected }
  } catch (error) {
    if (!(error instanceof GuestError) || error.reason === 'fault') throw error
    if (error.reason === 'timeout') return { told: 'time ran out', exitCode: EXIT.timedOut }
    if (wasInterrupted()) return { told: 'it was interrupted', exitCode: EXIT.unexpected }
    const told = error.reason === 'halted' ? 'the guest halted' : 'the machine ended'
    return { told, exitCode: EXIT.asExpected }
  }
}
