// The pvpanic device; what each byte does was recorded on QEMU 7.2 for 0..255, and bit 2 as QEMU 9.1 documents it.

import { describe, expect, it } from 'vitest'
import { IoPortBus, PVPANIC_DEFAULT_IOBASE, Pvpanic, type PvpanicEvent } from '../../src/index.js'

/** A device at its usual port, and what it reports. */
function onBus(options: { events?: number; knownEvents?: number } = {}) {
  const reports: [PvpanicEvent, number][] = []
  const device = new Pvpanic({ ...options, onEvent: (event, value) => reports.push([event, value]) })
  const bus = new IoPortBus()
  bus.map(PVPANIC_DEFAULT_IOBASE, 1, device)
  return { bus, device, reports }
}

describe('a read', () => {
  it.each([
    [0, 0x00, 0x0000, 0x00000000],
    [1, 0x01, 0x0101, 0x01010101],
    [2, 0x02, 0x0202, 0x02020202],
    [3, 0x03, 0x0303, 0x03030303],
    [255, 0xff, 0xffff, 0xffffffff],
  ])('shows events=%i in each byte lane, whatever was written', (events, byte, word, dword) => {
    const { bus } = onBus({ events })
    bus.outl(0x505, 0xffffffff)
    expect([bus.inb(0x505), bus.inw(0x505), bus.inl(0x505)]).toEqual([byte, word, dword])
  })

  it('advertises every event of the newest QEMU unless told otherwise', () => {
    expect(onBus().bus.inb(0x505)).toBe(7)
  })
})

describe('a write', () => {
  it('acts on the lowest known bit of each of the 256 bytes', () => {
    const { bus, reports } = onBus()
    for (let value = 0; value < 256; value++) bus.outb(0x505, value)
    const expected = []
    for (let value = 0; value < 256; value++) {
      if (value % 2 === 1) expected.push(['panicked', value])
      else if (value % 4 === 2) expected.push(['crash-loaded', value])
      else if (value % 8 === 4) expected.push(['shutdown', value])
    }
    expect(reports).toEqual(expected)
  })

  it.each([
    ['0, 4, 8, 0x10, 0x80, 0xfc: nothing', [0, 4, 8, 0x10, 0x80, 0xfc], []],
    ['1, 3, 5, 7, 0xfd, 0xff: panicked', [1, 3, 5, 7, 0xfd, 0xff], Array(6).fill('panicked')],
    ['2, 6, 0xfe: crash-loaded', [2, 6, 0xfe], Array(3).fill('crash-loaded')],
  ])('to a device of QEMU 7.2 of %s', (_, values, events) => {
    const { bus, reports } = onBus({ knownEvents: 3 })
    for (const value of values) bus.outb(0x505, value)
    expect(reports.map(([event]) => event)).toEqual(events)
  })

  it('of several bytes reports each, low one first', () => {
    const { bus, reports } = onBus()
    bus.outl(0x505, 0x01020001)
    expect(reports).toEqual([
      ['panicked', 1],
      ['crash-loaded', 2],
      ['panicked', 1],
    ])
  })

  it('acts even if `events` does not advertise it', () => {
    const { bus, reports } = onBus({ events: 0 })
    bus.outw(0x505, 0x0201)
    expect(reports.map(([event]) => event)).toEqual(['panicked', 'crash-loaded'])
  })

  it('is counted by what it reported, and once more if it held unknown bits', () => {
    const { bus, device } = onBus({ knownEvents: 3 })
    for (const value of [0, 1, 2, 3, 4, 5, 0x80]) bus.outb(0x505, value)
    expect(device.counts).toEqual({ panicked: 3, crashLoaded: 1, shutdown: 0, unknown: 3 })
  })

  it('is counted by a device that tells nobody', () => {
    const device = new Pvpanic()
    for (const value of [0, 1, 2, 4, 8]) device.write8(0, value)
    device.write32(0, 0x04040204)
    expect(device.counts).toEqual({ panicked: 1, crashLoaded: 2, shutdown: 4, unknown: 1 })
  })

  it('ends once for all of its bytes, and only if one of them was an event', () => {
    const order: string[] = []
    const device = new Pvpanic({ onEvent: (event) => order.push(event), onAccessEnd: () => order.push('end') })
    for (const value of [0, 8, 1]) device.write8(0, value)
    device.write16(0, 0x0800)
    device.write16(0, 0x0002)
    device.write32(0, 0x00010200)
    expect(order).toEqual(['panicked', 'end', 'crash-loaded', 'end', 'crash-loaded', 'panicked', 'end'])
  })

  it('shows by name on the bus', () => {
    expect(
      onBus()
        .bus.mappings()
        .map(({ device }) => device.name),
    ).toEqual(['pvpanic'])
  })
})

it.each([
  [{ events: 256 }, RangeError, 'events: expected an integer from 0 to 0xff, got 0x100'],
  [{ events: -1 }, RangeError, 'events'],
  [{ events: 1.5 }, TypeError, 'events'],
  [{ knownEvents: 8 }, RangeError, 'knownEvents: expected an integer from 0 to 7, got 8'],
])('options %j are refused', (options, type, message) => {
  expect(() => new Pvpanic(options)).toThrow(type)
  expect(() => new Pvpanic(options)).toThrow(message)
})
