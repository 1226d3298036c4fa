// Claims about a guest as plain functions, for node:test and any other test runner.

import type { PvpanicEvent } from '../devices/pvpanic.js'
import {
  type Check,
  type Checked,
  checkExitCode,
  checkPanicked,
  checkReported,
  checkRunState,
  type GuestRunState,
} from './checks.js'

/** A claim about a guest does not hold; the message shows the panic log and the last serial lines. */
export class GuestAssertionError extends Error {
  /** As test runners know a failed assertion. */
  override readonly name = 'AssertionError'
  readonly code = 'ERR_ASSERTION'
  readonly actual: unknown
  readonly expected: unknown

  constructor(message: string, { actual, expected }: Pick<Check, 'actual' | 'expected'>) {
    super(message)
    this.actual = actual
    this.expected = expected
  }
}

/** @throws {GuestAssertionError} unless the guest has reported a panic. */
export function assertPanicked(guest: Checked): void {
  demand(checkPanicked(guest))
}

/** @throws {GuestAssertionError} if the guest has reported a panic. */
export function assertNotPanicked(guest: Checked): void {
  const check = checkPanicked(guest)
  if (check.pass) throw new GuestAssertionError(check.message(true), check)
}

/** @throws {GuestAssertionError} unless the guest has made such a report. */
export function assertReported(guest: Checked, event: PvpanicEvent): void {
  demand(checkReported(guest, event))
}

/** @throws {GuestAssertionError} unless the machine is in this run state. */
export function assertRunState(guest: Checked, runState: GuestRunState): void {
  demand(checkRunState(guest, runState))
}

/** @throws {GuestAssertionError} unless the machine has ended with this exit code. */
export function assertExitCode(guest: Checked, exitCode: number): void {
  demand(checkExitCode(guest, exitCode))
}

function demand(check: Check): void {
  if (!check.pass) throw new GuestAssertionError(check.message(), check)
}
