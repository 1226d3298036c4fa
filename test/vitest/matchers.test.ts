// The matchers, and the same claims as plain functions: when they hold, and what they say when not.

import { describe, expect, it } from 'vitest'
import { Machine } from '../../src/index.js'
import {
  assertExitCode,
  assertNotPanicked,
  assertPanicked,
  assertReported,
  assertRunState,
  bootGuest,
  GuestRom,
} from '../../src/testing/index.js'
import '../../src/vitest/index.js'

const machineThat = (write?: number, onPanic: 'preserve' | 'destroy' = 'preserve') => {
  const machine = new Machine({ onPanic, clock: () => Date.UTC(2013, 9, 21, 12) })
  if (write !== undefined) machine.bus.outb(0x505, write)
  return machine
}
const quiet = machineThat()
const panicked = machineThat(1)
const crashLoaded = machineThat(2)
const destroyed = machineThat(1, 'destroy')

describe('each claim', () => {
  it.each<[string, () => void, () => void]>([
    ['toHavePanicked', () => expect(panicked).toHavePanicked(), () => assertPanicked(panicked)],
    ['not.toHavePanicked', () => expect(crashLoaded).not.toHavePanicked(), () => assertNotPanicked(crashLoaded)],
    [
      'toHaveReported',
      () => expect(crashLoaded).toHaveReported('crash-loaded'),
      () => assertReported(crashLoaded, 'crash-loaded'),
    ],
    [
      'toBeInRunState',
      () => expect(panicked).toBeInRunState('guest-panicked'),
      () => assertRunState(panicked, 'guest-panicked'),
    ],
    ['toHaveExitCode', () => expect(destroyed).toHaveExitCode(0), () => assertExitCode(destroyed, 0)],
  ])('%s holds where it should', (_, matcher, assertion) => {
    expect(matcher).not.toThrow()
    expect(assertion).not.toThrow()
  })

  it.each<[string, () => void, () => void, RegExp]>([
    [
      'toHavePanicked',
      () => expect(quiet).toHavePanicked(),
      () => assertPanicked(quiet),
      /^expected the guest to have panicked\nrun state: running\npanic log, 0 in all: empty$/,
    ],
    [
      'not.toHavePanicked',
      () => expect(panicked).not.toHavePanicked(),
      () => assertNotPanicked(panicked),
      /^expected the guest not to have panicked\n[\s\S]*2013-10-21T12:00:00.000Z panicked \(0x01 written\)/,
    ],
    [
      'toHaveReported',
      () => expect(panicked).toHaveReported('crash-loaded'),
      () => assertReported(panicked, 'crash-loaded'),
      /^expected the guest to have reported crash-loaded, got panicked\n[\s\S]* panicked \(0x01 written\)/,
    ],
    [
      'toBeInRunState',
      () => expect(quiet).toBeInRunState('paused'),
      () => assertRunState(quiet, 'paused'),
      /^expected the run state to be paused, got running\n/,
    ],
    [
      'toHaveExitCode of a machine that lives',
      () => expect(quiet).toHaveExitCode(0),
      () => assertExitCode(quiet, 0),
      /^expected the machine to end with exit code 0\nrun state: running\n/,
    ],
    [
      'toHaveExitCode',
      () => expect(destroyed).toHaveExitCode(33),
      () => assertExitCode(destroyed, 33),
      /^expected the machine to end with exit code 33, got 0\nrun state: shutdown, exit code 0\n/,
    ],
  ])('%s fails where it should, and says what happened', (_, matcher, assertion, message) => {
    expect(matcher).toThrow(message)
    expect(assertion).toThrow(message)
  })
})

it('quotes what a guest printed last', async () => {
  const bios = new GuestRom().print('one\ntwo\n').halt().build()
  const guest = await bootGuest({ bios })
  try {
    await guest.ended()
    expect(() => expect(guest).toHavePanicked()).toThrow(/last serial lines:\n {2}one\n {2}two$/)
    expect(guest).toBeInRunState('running')
  } finally {
    await guest.dispose()
  }
})

it.each([undefined, null, 1, {}])('%s is no guest', (value) => {
  expect(() => expect(value).toHavePanicked()).toThrow(/expected a guest \(of bootGuest\) or its machine/)
})

it('gives test runners what was found and what was claimed', () => {
  const failure = expect.objectContaining({ actual: 'running', expected: 'paused' })
  expect(() => assertRunState(quiet, 'paused')).toThrow(failure)
  expect(() => expect(quiet).toBeInRunState('paused')).toThrow(failure)
})

it('fails a node:test as an assertion, not as an error', () => {
  expect(() => assertPanicked(quiet)).toThrow(
    expect.objectContaining({ name: 'AssertionError', code: 'ERR_ASSERTION' }),
  )
})
