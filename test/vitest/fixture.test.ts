// The fixture `boot`: its guests end with their test, and their waits before the test's time limit.

import { describe, it } from 'vitest'
import { type Guest, GuestRom } from '../../src/testing/index.js'
import { expect, test } from '../../src/vitest/index.js'

const busy = new GuestRom()
  .print('busy\n')
  .forever((rom) => rom.wait(1))
  .build()
const former: Guest[] = []

test('boots a guest', async ({ boot }) => {
  const guest = await boot()
  former.push(guest, await boot({ bios: busy }))
  await guest.nextPanic()
  expect(guest).toHavePanicked()
  expect(guest).toBeInRunState('guest-panicked')
})

it('and disposes of it when the test is over', () => {
  expect(former.map(({ ending }) => ending)).toEqual([{ reason: 'disposed' }, { reason: 'disposed' }])
})

describe('a wait without a limit', () => {
  test('ends in time to say what the guest did', { timeout: 2000 }, async ({ boot }) => {
    const guest = await boot({ bios: busy })
    await expect(guest.nextPanic()).rejects.toThrow(/^no report of a panic within \d+ ms; its last lines:\n {2}busy$/)
  })

  test('has the limit of the guest', async ({ boot }) => {
    const guest = await boot({ bios: busy, timeoutMs: 50 })
    await expect(guest.nextPanic()).rejects.toThrow(/within 50 ms/)
  })
})
