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

/** Waits for the guest's report, or its end. Without an expectation any report will do, and so will an end of the machine. */
export async function judge(guest: Guest, expect: Expectation | undefined, timeoutMs: number): Promise<Verdict> {
  try {
    return judgeReport(guest, expect, await guest.nextPanic({ timeoutMs }))
  } catch (error) {
    if (error instanceof GuestError) return judgeEnd(guest, expect, error, timeoutMs)
    throw error
  }
}

function judgeReport({ machine }: Guest, expect: Expectation | undefined, { event }: PanicLogEntry): Verdict {
  const told = `the guest reported ${event}; run state ${machine.runState}`
  if (expect === undefined || EXPECTATIONS[expect] === event) return { exitCode: EXIT.asExpected, text: told }
  const wanted = expect === 'none' ? 'no report' : expect
  return { exitCode: EXIT.unexpected, text: `${told}; expected was ${wanted}` }
}

function judgeEnd(guest: Guest, expect: Expectation | undefined, { reason }: GuestError, timeoutMs: number): Verdict {
  if (reason === 'timeout') return { exitCode: EXIT.timedOut, text: `no report and no end within ${timeoutMs} ms` }
  if (reason === 'fault') return { exitCode: EXIT.fault, text: guest.ending?.error?.message ?? 'the emulator failed' }
  const how = reason === 'ended' ? `ended with exit code ${guest.exitCode}` : 'halted for good'
  if (expect === 'none') return { exitCode: EXIT.asExpected, text: `the guest ${how} without a report` }
  if (expect === undefined && reason === 'ended') return { exitCode: EXIT.asExpected, text: `the guest ${how}` }
  return { exitCode: EXIT.unexpected, text: `the guest ${how} without a report` }
}
