// The fixture `boot`: its guests end with their test, and their waits before the test's time limit.

import { describe, it } from 'vitest'
import { type Guest, GuestRom } from '../../src/testing/index.js'
import { expect, snapshotTest, test } from '../../src/vitest/index.js'

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

describe('snapshotTest', () => {
  const waiting = new GuestRom().print('READY\n')
  for (let times = 0; times < 20; times++) waiting.wait(0xffff)
  const bios = waiting.print('on\n').outb(0x505, 1).halt().build()
  const inSnapshot = snapshotTest({ bios, snapshot: { at: /READY/ } })

  inSnapshot.for([1, 2, 3])('gives each test a guest of its own, at the line: %d', async (_, { guest }) => {
    expect(guest.serial.text).toBe('')
    expect(guest).not.toHavePanicked()
    await guest.nextPanic()
    expect(guest.serial.text).toBe('on\n')
  })
})
