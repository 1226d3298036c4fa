// Every reader of numbers takes time proportional to the number's length: a client may send a megabyte of digits.

import { performance } from 'node:perf_hooks'
import { describe, expect, it } from 'vitest'
import { parseCInteger } from '../../src/common/c-integer.js'
import { JsonReader } from '../../src/json/reader.js'
import { Machine } from '../../src/machine/machine.js'
import { QmpMonitor } from '../../src/monitor/qmp/monitor.js'
import { QtestSession } from '../../src/monitor/qtest/session.js'
import { parseGlobal } from '../../src/qemu-options/device.js'
import { parseMemory } from '../../src/qemu-options/memory.js'
import { parseSocketAddress } from '../../src/qemu-options/socket-address.js'

const machine = new Machine()
const monitor = new QmpMonitor(machine)
const qtest = new QtestSession(machine, { send: () => {} })
const bytes = (text: string) => Buffer.from(text, 'latin1')
const attempt = (read: () => unknown) => {
  try {
    read()
  } catch {} // most of the numbers are refused
}

const READERS: Readonly<Record<string, (number: string) => void>> = {
  parseCInteger: (number) => parseCInteger(number),
  'a qtest port': (number) => qtest.receive(bytes(`inb ${number}\n`)),
  'a qtest value': (number) => qtest.receive(bytes(`outb 0x700 ${number}\n`)),
  'a human monitor port': (number) => monitor.human.run(`i ${number}`),
  'a human monitor format': (number) => monitor.human.run(`i /${number}`),
  'a JSON number': (number) => new JsonReader(() => {}).feed(bytes(`[${number}]`)),
  '-m': (number) => attempt(() => parseMemory(number, { sizesStartAnywhere: true }, () => {})),
  '-global': (number) => attempt(() => parseGlobal(`pvpanic.ioport=${number}`, () => {})),
  'a TCP port': (number) => attempt(() => parseSocketAddress(`tcp:localhost:${number}`)),
}

const NUMBERS: Readonly<Record<string, (length: number) => string>> = {
  'hexadecimal zeros, then a letter': (length) => `0x${'0'.repeat(length)}g`,
  'hexadecimal zeros, then a digit': (length) => `0x${'0'.repeat(length)}7`,
  'octal zeros, then 8': (length) => `${'0'.repeat(length)}8`,
  'decimal digits': (length) => '9'.repeat(length),
  'decimal digits, then a letter': (length) => `${'9'.repeat(length)}x`,
  'blanks and a sign': (length) => `${'\t'.repeat(length)}+`,
  signs: (length) => '-'.repeat(length),
  'a fraction of zeros, then a letter': (length) => `0.${'0'.repeat(length)}x`,
  'an exponent': (length) => `1e${'9'.repeat(length)}`,
}

const SHORT = 1 << 12
const TIMES = 16
/** Linear cost makes it 16, quadratic cost 256. */
const LARGEST_RATIO = 64
/** Below this many milliseconds a clock and a collection of garbage weigh more than the reader. */
const CLOCK_FLOOR = 0.5

function fastest(run: () => void): number {
  const times = Array.from({ length: 3 }, () => {
    const start = performance.now()
    run()
    return performance.now() - start
  })
  return Math.min(...times)
}

describe.each(Object.entries(READERS))('%s', (_, read) => {
  it.each(Object.entries(NUMBERS))('costs no more than in proportion: %s', (_, make) => {
    const [short, long] = [make(SHORT), make(SHORT * TIMES)]
    read(short)
    const before = Math.max(
      CLOCK_FLOOR,
      fastest(() => read(short)),
    )
    expect(fastest(() => read(long)) / before).toBeLessThan(LARGEST_RATIO)
  })
})

describe('parseCInteger', () => {
  // What C's strtoull gives with base 0, its sign kept apart.
  it.each([
    ['0', 0n],
    ['00', 0n],
    ['0x0', 0n],
    ['017', 15n],
    [' \t+1285', 1285n],
    ['-0x505', -0x505n],
    [`0x${'0'.repeat(100)}505`, 0x505n],
    ['18446744073709551615', (1n << 64n) - 1n],
    ['01777777777777777777777', (1n << 64n) - 1n],
    ['18446744073709551616', 'too large'],
    ['02000000000000000000000', 'too large'],
    [`1${'0'.repeat(100)}`, 'too large'],
    ['', undefined],
    ['08', undefined],
    ['0x', undefined],
    ['1 ', undefined],
    ['+-1', undefined],
  ])('%j: %s', (text, value) => {
    expect(parseCInteger(text)).toBe(value)
  })
})
