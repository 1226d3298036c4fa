// Tests that boot guests: each guest ends with its test, and its waits end before the test's time limit does.

import { test as base } from 'vitest'
import type { Machine } from '../machine/machine.js'
import { type BootOptions, bootGuest, type Guest } from '../testing/boot-guest.js'

/** What the test's function gets. */
export interface BootFixture {
  /**
   * `bootGuest()` of isa-pvpanic/testing; the guest is disposed of when the test is over, however it ends. Waits that are
   * given no limit end half a second before the test's own, so that they can still say what the guest did.
   */
  readonly boot: {
    (options?: BootOptions & { readonly engine?: 'v86' }): Promise<Guest<Machine>>
    (options: BootOptions): Promise<Guest>
  }
}

/** Before the test's time limit. */
const MARGIN_MS = 500
/** A test without a limit. */
const UNLIMITED_MS = 60_000

/** vitest's `test` with `boot`: `test('it panics', async ({ boot }) => { const guest = await boot({ ... }) })`. */
export const test = base.extend<BootFixture>({
  boot: async ({ task }, use) => {
    const began = performance.now()
    const limit = task.timeout > 0 ? task.timeout : UNLIMITED_MS
    const timeoutMs = () => Math.max(1, Math.floor(began + limit - MARGIN_MS - performance.now()))
    const guests: Guest[] = []
    const boot = async (options: BootOptions = {}) => {
      const guest = await bootGuest({ timeoutMs, ...options })
      guests.push(guest)
      return guest
    }
    try {
      await use(boot as BootFixture['boot'])
    } finally {
      await Promise.all(guests.map((guest) => guest.dispose()))
    }
  },
})
