// Accesses of two and four bytes under the three rules that QEMU has had, held against what real programs answered.

import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { IoPortBus, type PortDevice, type WideAccess } from '../../src/index.js'
import { Replay } from '../recordings/replay.js'

/**
 * What a program answered: 1.5.0 to 2.4.0 over qtest, recorded once, since they run on no system of today; of the newer ones
 * a guest's CPU did the accesses. Accesses that run past port 7 or 0xcf are left out for 1.5: they read its memory.
 */
interface Recording {
  readonly program: string
  readonly machineType?: string
  readonly arguments: readonly string[]
  /** Without it qtest did the accesses. */
  readonly guestUnder?: 'TCG' | 'KVM'
  /** An access or a QMP command, and the reply to it as qtest writes it. */
  readonly steps: readonly (readonly [input: string, reply?: string])[]
  /** The reports of a guest's accesses, in order. */
  readonly events?: readonly string[]
}
const file = new URL('data/wide-access.jsonl.gz', import.meta.url)
const lines = gunzipSync(readFileSync(file)).toString().trimEnd().split('\n')
const recordings = lines.map((line) => JSON.parse(line) as Recording)
const RULE_OF_GUESTS = { TCG: 'aligned', KVM: 'split' } as const

describe.each(recordings)('$program, $arguments, guest under $guestUnder', (recording) => {
  const { steps, guestUnder, events: expected } = recording
  it(`answers ${steps.length} accesses and commands as recorded`, () => {
    const replay = new Replay(
      recording,
      guestUnder === undefined ? {} : { wideAccess: RULE_OF_GUESTS[guestUnder], onPanic: 'log' },
    )
    const events: string[] = []
    replay.machine.on('*', ({ event }) => events.push(event))
    for (const [index, [input, reply]] of steps.entries()) {
      const step = replay.step(input, undefined)
      if (reply !== undefined && step.reply !== reply) expect(step.reply, `step ${index}, ${input}`).toBe(reply)
    }
    const reports = events.filter((event) => event.startsWith('GUEST_'))
    if (expected !== undefined) expect(reports).toEqual(expected)
  })
})

describe('an access that is not aligned within a device of one port', () => {
  const written: [offset: number, value: number][] = []
  const device: PortDevice = { name: 'device', read8: () => 0x5a, write8: (...write) => void written.push(write) }
  const busWith = (wideAccess: WideAccess, offset: number, size = 1) => {
    written.length = 0
    const bus = new IoPortBus({ wideAccess })
    bus.map(0x300, size, device, { offset })
    return bus
  }

  it.each([
    ['split', 0xff5a, [[1, 0x34]]],
    ['aligned', 0, []],
    ['whole', 0x5a5a, [[1, 0x34], [2, 0x12]]], // biome-ignore format: one row a rule
  ] as const)('under %s reads %x, whether the device has a slot or not', (rule, value, writes) => {
    for (const size of [1, 0x1000]) {
      const bus = busWith(rule, 1, size)
      expect(bus.inw(0x300)).toBe(size > 1 && rule === 'split' ? 0x5a5a : value)
      bus.outw(0x300, 0x1234)
      expect(written).toEqual(size > 1 && rule === 'split' ? [[1, 0x34], [2, 0x12]] : writes) // biome-ignore format: short
    }
  })

  it.each(['split', 'aligned', 'whole'] as const)(
    'is one like any other under %s if the device takes unaligned ones',
    (rule) => {
      const bus = new IoPortBus({ wideAccess: rule })
      bus.map(0x300, 4, { ...device, unaligned: true }, { offset: 1 })
      expect([bus.inw(0x300), bus.inl(0x300)]).toEqual([0x5a5a, 0x5a5a5a5a])
    },
  )

  it('takes the form that the device has for it', () => {
    const whole: PortDevice = {
      ...device,
      read16: (offset) => 0x1000 + offset,
      write32: (...write) => void written.push(write),
    }
    written.length = 0
    const bus = new IoPortBus({ wideAccess: 'whole' })
    bus.map(0x300, 4, whole, { offset: 1 })
    expect(bus.inw(0x300)).toBe(0x1001)
    bus.outl(0x300, -1)
    expect(written).toEqual([[1, 0xffffffff]])
  })
})

it('bytes beyond the last port read as the bus is told', () => {
  expect([0, 0xff].map((pastLastPort) => new IoPortBus({ pastLastPort: pastLastPort as 0 }).inl(0xfffd))).toEqual([
    0xffffff, 0xffffffff,
  ])
})

it.each([
  [{ wideAccess: 'byte' }, 'wideAccess: expected one of split, aligned, whole, got "byte"'],
  [{ wide: 'split' }, 'wide: unknown option; known are wideAccess, pastLastPort'],
  [{ pastLastPort: 1 }, 'pastLastPort: expected 0 or 0xff, got 1'],
])('a bus refuses the options %j', (options, message) => {
  expect(() => new IoPortBus(options as object)).toThrow(message)
})
