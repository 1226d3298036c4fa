// Overlap, priority, moving and unmapping, and what mappings() tells of them.

import { beforeEach, describe, expect, it } from 'vitest'
import { IoPortBus } from '../../src/bus/io-port-bus.js'
import type { PortDevice } from '../../src/bus/port-device.js'

const device = (name: string, value: number): PortDevice => ({ name, read8: () => value, write8() {} })
const dma = device('dma', 0xd0)
const pvpanic = device('pvpanic', 0x03)

let bus: IoPortBus
beforeEach(() => {
  bus = new IoPortBus()
})

describe('who answers', () => {
  it('is the device mapped last, at its own ports only', () => {
    bus.map(0, 16, dma)
    bus.map(0, 1, pvpanic)
    expect([bus.inb(0), bus.inb(1), bus.inb(15), bus.inb(16)]).toEqual([0x03, 0xd0, 0xd0, 0xff])
  })

  it('is the higher priority, whenever it was mapped', () => {
    bus.map(0xcf9, 1, dma, { priority: 1 })
    bus.map(0xcf9, 1, pvpanic)
    expect(bus.inb(0xcf9)).toBe(0xd0)
  })

  it('is what lay below once the window above is unmapped', () => {
    bus.map(0, 16, dma)
    const above = bus.map(0, 1, pvpanic)
    above.unmap()
    expect(bus.inb(0)).toBe(0xd0)
    expect(bus.mappings()).toHaveLength(1)
  })

  it('changes at both ends when a window moves', () => {
    bus.map(0, 16, dma)
    const moving = bus.map(0, 1, pvpanic)
    moving.move(0x505)
    expect([bus.inb(0), bus.inb(0x505)]).toEqual([0xd0, 0x03])
    expect(moving.base).toBe(0x505)
  })

  it('can be one device at several windows, each with its own first offset', () => {
    const offsets: PortDevice = { name: 'offsets', read8: (offset) => offset, write8() {} }
    bus.map(0x81, 3, offsets, { offset: 1 })
    bus.map(0x87, 1, offsets, { offset: 7 })
    expect([0x81, 0x82, 0x83, 0x84, 0x87].map((port) => bus.inb(port))).toEqual([1, 2, 3, 0xff, 7])
  })

  it('is right with more windows than fit a byte', () => {
    for (let i = 0; i < 1000; i++) bus.map(i * 64, 64, device(`d${i}`, i & 0xff))
    expect([0, 63, 64, 255 * 64, 256 * 64, 999 * 64 + 63].map((port) => bus.inb(port))).toEqual([
      0,
      0,
      1,
      0xff,
      0,
      999 & 0xff,
    ])
  })
})

describe('mappings()', () => {
  it('tells by base port what is visible, and what shadows the rest', () => {
    const below = bus.map(0, 16, dma)
    const above = bus.map(4, 2, pvpanic)
    expect(bus.mappings()).toEqual([below, above])
    expect(below.visible).toEqual([
      { base: 0, size: 4 },
      { base: 6, size: 10 },
    ])
    expect(below.shadowedBy).toEqual([above])
    expect(above.visible).toEqual([{ base: 4, size: 2 }])
    expect(above.shadowedBy).toEqual([])
  })

  it('shows a device that lost every port as not visible', () => {
    const winner = bus.map(0xcf9, 1, dma, { priority: 1 })
    const loser = bus.map(0xcf9, 1, pvpanic)
    expect(loser.visible).toEqual([])
    expect(loser.shadowedBy).toEqual([winner])
    expect(bus.mappings()[0]).toBe(winner)
  })
})

describe('wrong use by the embedder', () => {
  it.each([
    ['a size of 0', () => bus.map(0x505, 0, pvpanic), RangeError, 'size: expected an integer from 1 to 0x10000, got 0'],
    [
      'a base past the top',
      () => bus.map(0x10000, 1, pvpanic),
      RangeError,
      'base: expected an integer from 0 to 0xffff, got 0x10000',
    ],
    [
      'a negative base',
      () => bus.map(-1, 1, pvpanic),
      RangeError,
      'base: expected an integer from 0 to 0xffff, got -1',
    ],
    ['a window past the top', () => bus.map(0xfff0, 17, pvpanic), RangeError, 'at most 16 ports, got 17'],
    [
      'a base that is no integer',
      () => bus.map(0.5, 1, pvpanic),
      TypeError,
      'base: expected an integer from 0 to 0xffff, got 0.5',
    ],
    [
      'a base that is text',
      () => bus.map('0x505' as never, 1, pvpanic),
      TypeError,
      'base: expected an integer from 0 to 0xffff, got "0x505"',
    ],
    ['no device', () => bus.map(0, 1, undefined as never), TypeError, 'expected an object with read8'],
    [
      'a priority that is no integer',
      () => bus.map(0, 1, pvpanic, { priority: Number.NaN }),
      TypeError,
      'priority: expected an integer',
    ],
    [
      'an offset past the top',
      () => bus.map(0, 1, pvpanic, { offset: 0x10000 }),
      RangeError,
      'offset: expected an integer',
    ],
  ])('%s is refused and maps nothing', (_, act, type, message) => {
    expect(act).toThrow(type)
    expect(act).toThrow(message)
    expect(bus.mappings()).toEqual([])
  })

  it('unmapping twice is refused, and so is moving what is unmapped', () => {
    const mapping = bus.map(0x505, 1, pvpanic)
    mapping.unmap()
    expect(() => mapping.unmap()).toThrow('pvpanic')
    expect(() => mapping.move(0x600)).toThrow('pvpanic')
  })

  it('moving past the top is refused and moves nothing', () => {
    const mapping = bus.map(0x505, 2, pvpanic)
    expect(() => mapping.move(0xffff)).toThrow(RangeError)
    expect([mapping.base, bus.inb(0x505)]).toEqual([0x505, 0x03])
  })
})

describe('a listener of changes', () => {
  const told = () => {
    const changes: [base: number, size: number, owner: string | undefined][] = []
    const end = bus.onChange(({ base, size }) => changes.push([base, size, bus.mappingAt(base)?.device.name]))
    return { changes, end }
  }

  it('is told of mapping, moving and unmapping, once the bus answers accordingly', () => {
    const { changes } = told()
    const below = bus.map(0, 16, dma)
    const above = bus.map(0, 1, pvpanic)
    above.move(0x505)
    above.unmap()
    below.unmap()
    expect(changes).toEqual([
      [0, 16, 'dma'],
      [0, 1, 'pvpanic'],
      [0, 1, 'dma'],
      [0x505, 1, 'pvpanic'],
      [0x505, 1, undefined],
      [0, 16, undefined],
    ])
  })

  it('is told of nothing else: neither of accesses nor of what was refused', () => {
    const { changes } = told()
    expect(() => bus.map(0xffff, 2, dma)).toThrow(RangeError)
    bus.outb(0, 1)
    expect(changes).toEqual([])
  })

  it('is told nothing more once it ended that, however often it was added', () => {
    const changes: string[] = []
    const listener = () => changes.push('changed')
    const ends = [bus.onChange(listener), bus.onChange(listener)]
    bus.map(0, 1, dma)
    ends[0]?.()
    ends[0]?.()
    bus.map(0, 1, dma)
    ends[1]?.()
    bus.map(0, 1, dma)
    expect(changes).toHaveLength(3)
  })

  it('can take away what was just mapped', () => {
    const end = bus.onChange(() => {
      end()
      bus.mappingAt(0)?.unmap()
    })
    bus.map(0, 1, pvpanic)
    expect(bus.mappings()).toEqual([])
    expect(bus.inb(0)).toBe(0xff)
  })
})

describe('mappingAt()', () => {
  it('gives the mapping that wins at a port', () => {
    const below = bus.map(0, 16, dma)
    const above = bus.map(0, 1, pvpanic)
    expect([bus.mappingAt(0), bus.mappingAt(1), bus.mappingAt(16)]).toEqual([above, below, undefined])
    expect(bus.mappingAt(0x10001)).toBe(below)
  })
})
