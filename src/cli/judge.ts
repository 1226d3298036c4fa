// Whether a run showed what was expected of its guest.

import type { PanicLogEntry } from '../machine/panic-log.js'
import type { Guest } from '../testing/guest.js'
import { GuestError } from '../testing/waiters.js'
import { EXIT } from './exit-codes.js'

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
}

/** Waits for the guest's report, or its end. */
export async function judge(guest: Guest, expectations: Expectations, timeoutMs: number): Promise<Verdict> {
  try {
    return judgeReport(guest, expectations, await guest.nextPanic({ timeoutMs }))
  } catch (error) {
    if (error instanceof GuestError) return judgeEnd(guest, expectations, error, timeoutMs)
    throw error
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
  if (reason === 'fault') return { exitCode: EXIT.fault, text: guest.ending?.error?.message ?? 'the emulator failed' }
  const { expect, expectExit } = expectations
  const how = reason === 'ended' ? `ended with exit code ${guest.exitCode}` : 'halted for good'
  if (expectExit !== undefined) {
    if (guest.exitCode === expectExit) return { exitCode: EXIT.asExpected, text: `the guest ${how}` }
    return { exitCode: EXIT.unexpected, text: `the guest ${how}; expected was exit code ${expectExit}` }
  }
  if (expect === 'none') return { exitCode: EXIT.asExpected, text: `the guest ${how} without a report` }
  if (expect === undefined && reason === 'ended') return { exitCode: EXIT.asExpected, text: `the guest ${how}` }
  return { exitCode: EXIT.unexpected, text: `the guest ${how} without a report` }
}
