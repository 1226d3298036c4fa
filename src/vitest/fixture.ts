// Tests that boot guests: each guest ends with its test, and its waits end before the test's time limit does.

import { test as base, beforeAll, type TestAPI } from 'vitest'
import type { Machine } from '../machine/machine.js'
import { type BootOptions, bootGuest, type Guest } from '../testing/boot-guest.js'
import type { SnapshotOptions } from '../testing/snapshot.js'

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

/** Booting to a snapshot takes its time, once. */
const SNAPSHOT_TIMEOUT_MS = 300_000

/** What the function of a `snapshotTest` gets. */
export interface GuestFixture extends BootFixture {
  /** A guest of its own for each test, at the line where the snapshot was taken. */
  readonly guest: Guest<Machine>
}

/**
 * A `test` whose function gets a fresh `guest`, started from the snapshot of these options. The guest is booted to the
 * snapshot before the first test, unless the snapshot is there already.
 *
 * ```ts
 * const test = snapshotTest({ kernel, initrd, append, snapshot: { at: /# $/, file: 'node_modules/.cache/linux.snapshot' } })
 * test('sysrq-c panics', async ({ guest }) => {
 *   guest.send('echo c > /proc/sysrq-trigger\n')
 *   await guest.nextPanic()
 * })
 * ```
 */
export function snapshotTest(
  options: BootOptions & { readonly engine?: 'v86'; readonly snapshot: SnapshotOptions },
): TestAPI<GuestFixture> {
  const { timeoutMs = SNAPSHOT_TIMEOUT_MS } = options.snapshot
  beforeAll(async () => {
    const guest = await bootGuest({ ...options, startPaused: true })
    await guest.dispose()
  }, timeoutMs)
  return test.extend<Pick<GuestFixture, 'guest'>>({
    guest: async ({ boot }, use) => {
      await use(await boot(options))
    },
  }) as TestAPI<GuestFixture>
}
