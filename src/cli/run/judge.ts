// Whether a run showed what was expected of its guest.

import type { PanicLogEntry } from '../../machine/panic-log.js'
import type { PanicMode } from '../../machine/transitions.js'
import type { Guest } from '../../testing/guest.js'
import { GuestError, type GuestFailure } from '../../testing/waiters.js'
import { EXIT } from '../exit-codes.js'

/** What `--expect` takes, and the report that it means. */
const EXPECTATIONS = {
  panic: 'panicked',
  'crash-loaded': 'crash-loaded',
  shutdown: 'shutdown',
  none: undefined,
} as const
export type Expectation = keyof typeof EXPECTATIONS
export const EXPECTATION_NAMES = Object.keys(EXPECTATIONS) as Expectation[]

/** How a run ended, for the last line and for reports. */
export interface Verdict {
  readonly exitCode: number
  readonly text: string
}

/** What a run must show. Without either, any report will do, and so will an end of the machine. */
export interface Expectations {
  /** The first report, or none before the end. */
  readonly expect?: Expectation
  /** The exit code with which the machine ends, without any report. */
  readonly expectExit?: number
  /** Under reset with a limit, and without anything else to expect, the limit is waited for. */
  readonly onPanic?: PanicMode
  readonly resetLimit?: number
}

/**
 * Waits for the guest's report, or its end.
 * @param limit the run's time limit in milliseconds, and when it is over by performance.now().
 */
export async function judge(
  guest: Guest,
  expectations: Expectations,
  { timeoutMs, deadline }: { readonly timeoutMs: number; readonly deadline: number },
): Promise<Verdict> {
  let report: PanicLogEntry
  try {
    report = await guest.nextPanic({ timeoutMs: left(deadline) })
  } catch (error) {
    if (error instanceof GuestError) return judgeEnd(guest, expectations, error, timeoutMs)
    throw error
  }
  const { expect, expectExit, onPanic, resetLimit } = expectations
  const anythingWillDo = expect === undefined && expectExit === undefined
  if (!anythingWillDo || onPanic !== 'reset' || resetLimit === undefined) {
    return judgeReport(guest, expectations, report)
  }
  return awaitLimit(guest, resetLimit, report, deadline)
}

const left = (deadline: number): number => Math.max(1, Math.ceil(deadline - performance.now()))

/** Lets the guest panic and start anew until it is preserved. An end before that is one, too: the mode was carried out. */
async function awaitLimit(
  guest: Guest,
  resetLimit: number,
  { event }: PanicLogEntry,
  deadline: number,
): Promise<Verdict> {
  const { machine } = guest
  const limit = `the limit of ${resetLimit} resets`
  try {
    while (machine.runState !== 'guest-panicked') {
      await guest.nextPanic({ timeoutMs: left(deadline) })
    }
    return { exitCode: EXIT.asExpected, text: `the guest panicked at ${limit}; run state ${machine.runState}` }
  } catch (error) {
    if (!(error instanceof GuestError)) throw error
    const { reason } = error
    if (reason === 'fault') return judgeFault(guest)
    if (reason === 'timeout') {
      return { exitCode: EXIT.timedOut, text: `time ran out before ${limit}; reports: ${machine.panics.total}` }
    }
    return {
      exitCode: EXIT.asExpected,
      text: `the guest reported ${event}, and ${howItEnded(guest, reason)} before ${limit}`,
    }
  }
}

function judgeReport({ machine }: Guest, { expect, expectExit }: Expectations, { event }: PanicLogEntry): Verdict {
  const told = `the guest reported ${event}; run state ${machine.runState}`
  const asExpected = expect === undefined ? expectExit === undefined : EXPECTATIONS[expect] === event
  if (asExpected) return { exitCode: EXIT.asExpected, text: told }
  const wanted = expectExit !== undefined ? `exit code ${expectExit}` : expect === 'none' ? 'no report' : expect
  return { exitCode: EXIT.unexpected, text: `${told}; expected was ${wanted}` }
}

function judgeEnd(guest: Guest, expectations: Expectations, { reason }: GuestError, timeoutMs: number): Verdict {
  if (reason === 'timeout') return { exitCode: EXIT.timedOut, text: `no report and no end within ${timeoutMs} ms` }
  if (reason === 'fault') return judgeFault(guest)
  const { expect, expectExit } = expectations
  const how = howItEnded(guest, reason)
  if (expectExit !== undefined) {
    if (guest.exitCode === expectExit) return { exitCode: EXIT.asExpected, text: `the guest ${how}` }
    return { exitCode: EXIT.unexpected, text: `the guest ${how}; expected was exit code ${expectExit}` }
  }
  if (expect === 'none') return { exitCode: EXIT.asExpected, text: `the guest ${how} without a report` }
  if (expect === undefined && reason === 'ended') return { exitCode: EXIT.asExpected, text: `the guest ${how}` }
  return { exitCode: EXIT.unexpected, text: `the guest ${how} without a report` }
}

function judgeFault({ ending }: Guest): Verdict {
  return { exitCode: EXIT.fault, text: ending?.error?.message ?? 'the emulator failed' }
}

function howItEnded({ exitCode }: Guest, reason: GuestFailure): string {
  if (reason === 'disposed') return 'was ended'
  return reason === 'ended' ? `ended with exit code ${exitCode}` : 'halted for good'
}
