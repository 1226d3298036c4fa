// Entry point isa-pvpanic/vitest: what is claimed of guests as matchers of vitest's expect, and a test whose guests end with it.

import { expect } from 'vitest'
import type { PvpanicEvent } from '../devices/pvpanic.js'
import {
  type Check,
  type Checked,
  checkExitCode,
  checkPanicked,
  checkReported,
  checkRunState,
  type GuestRunState,
} from '../testing/checks.js'

/** What `expect(guest)`, or `expect(guest.machine)`, can claim. */
export interface GuestMatchers<R = unknown> {
  /** The guest has reported a panic. */
  toHavePanicked(): R
  /** The guest has made such a report. */
  toHaveReported(event: PvpanicEvent): R
  /** The machine is in this run state. */
  toBeInRunState(runState: GuestRunState): R
  /** The machine has ended with this exit code. */
  toHaveExitCode(exitCode: number): R
}

declare global {
  // Each vitest merges chai's assertions into its own, whose type parameters differ from version to version.
  namespace Chai {
    interface Assertion extends GuestMatchers<void> {}
  }
}

declare module 'vitest' {
  interface AsymmetricMatchersContaining extends GuestMatchers {}
}

export { expect } from 'vitest'
export { type BootFixture, type GuestFixture, snapshotTest, test } from './fixture.js'

expect.extend({
  toHavePanicked: (guest: unknown) => matched(checkPanicked(checked(guest))),
  toHaveReported: (guest: unknown, event: PvpanicEvent) => matched(checkReported(checked(guest), event)),
  toBeInRunState: (guest: unknown, runState: GuestRunState) => matched(checkRunState(checked(guest), runState)),
  toHaveExitCode: (guest: unknown, exitCode: number) => matched(checkExitCode(checked(guest), exitCode)),
})

/** vitest asks for the message of what happened: that of the opposite claim if the claim holds. */
function matched({ message, ...check }: Check) {
  return { ...check, message: () => message(check.pass) }
}

function checked(value: unknown): Checked {
  const isGuest = typeof value === 'object' && value !== null && ('machine' in value || 'panics' in value)
  if (!isGuest) throw new TypeError('expected a guest (of bootGuest) or its machine')
  return value as Checked
}
