// The bus by its rules; expected values as QEMU 7.2 answers (also held against recordings in test/recordings).

import { beforeEach, describe, expect, it } from 'vitest'
import { IoPortBus } from '../../src/bus/io-port-bus.js'
import type { PortDevice } from '../../src/bus/port-device.js'

/** A device of `size` latches that notes every byte it is given. */
class Latches implements PortDevice {
  readonly writes: [offset: number, value: number][] = []
  constructor(
    readonly name: string,
    readonly fill: number | ((offset: number) => number),
  ) {}
  read8(offset: number): number {
    return typeof this.fill === 'number' ? this.fill : this.fill(offset)
  }
  write8(offset: number, value: number): void {
    this.writes.push([offset, value])
  }
}

let bus: IoPortBus
beforeEach(() => {
  bus = new IoPortBus()
})

const READ = { 1: 'inb', 2: 'inw', 4: 'inl' } as const
const WRITE = { 1: 'outb', 2: 'outw', 4: 'outl' } as const

describe('unassigned ports', () => {
  it.each([
    [1, 0xff],
    [2, 0xffff],
    [4, 0xffffffff],
  ] as const)('read all ones over %i bytes', (width, value) => {
    expect(bus[READ[width]](0x300)).toBe(value)
  })

  it('take a port modulo 0x10000 and a value modulo its width', () => {
    const device = new Latches('latches', 0x12)
    bus.map(0x505, 1, device)
    expect(bus.inb(0x10505)).toBe(0x12)
    expect(bus.inb(0x505 - 0x10000)).toBe(0x12)
    bus.outb(0x505, 0x1ff)
    bus.outb(0x505, -1)
    bus.outb(0x505, Number.NaN)
    expect(device.writes).toEqual([
      [0, 0xff],
      [0, 0xff],
      [0, 0],
    ])
  })
})

describe('reads beside a one-port device that reads 3', () => {
  it.each([
    // base, port, width, value
    [0x505, 0x505, 1, 0x03],
    [0x505, 0x505, 2, 0x0303],
    [0x505, 0x505, 4, 0x03030303],
    [0x505, 0x504, 2, 0xffff],
    [0x505, 0x502, 4, 0xffffffff],
    [0x505, 0x503, 4, 0xffffffff],
    [0x505, 0x504, 4, 0xffffffff],
    [0x505, 0x506, 4, 0xffffffff],
    [0x506, 0x505, 2, 0x03ff],
    [0x506, 0x505, 4, 0xff0303ff],
    [0x506, 0x503, 4, 0x03ffffff],
    [0x506, 0x504, 4, 0xffffffff],
    [0x508, 0x506, 4, 0x0303ffff],
  ] as const)('device at %x: reading at %x, %i bytes, gives %x', (base, port, width, value) => {
    bus.map(base, 1, new Latches('one port', 3))
    expect(bus[READ[width]](port).toString(16)).toBe(value.toString(16))
  })
})

describe('writes beside a one-port device', () => {
  it.each([
    // base, port, width, value, bytes the device gets
    [0x505, 0x505, 2, 0x0201, [0x01, 0x02]],
    [0x505, 0x505, 4, 0x01020001, [0x01, 0x00, 0x02, 0x01]],
    [0x505, 0x504, 2, 0x0101, []],
    [0x505, 0x501, 4, 0x01010101, []],
    [0x505, 0x502, 4, 0x01010101, []],
    [0x506, 0x505, 2, 0x0100, [0x01]],
    [0x506, 0x505, 4, 0x04030201, [0x02, 0x03]],
  ] as const)('device at %x: writing at %x, %i bytes', (base, port, width, value, bytes) => {
    const device = new Latches('one port', 3)
    bus.map(base, 1, device)
    bus[WRITE[width]](port, value)
    expect(device.writes.map(([, byte]) => byte)).toEqual(bytes)
  })
})

describe('the top of the space', () => {
  it.each([
    [0xffff, 2, 0x00ff],
    [0xffff, 4, 0x000000ff],
    [0xfffe, 2, 0xffff],
    [0xfffe, 4, 0x0000ffff],
    [0xfffd, 4, 0x00ffffff],
  ] as const)('reading at %x, %i bytes, gives %x', (port, width, value) => {
    bus.map(0, 1, new Latches('at port 0', 0xaa))
    expect(bus[READ[width]](port)).toBe(value)
  })

  it('does not wrap a write to port 0', () => {
    const device = new Latches('at port 0', 0)
    bus.map(0, 1, device)
    bus.outl(0xfffd, 0x01010101)
    bus.outw(0xffff, 0x0101)
    expect(device.writes).toEqual([])
  })
})

describe('splitting inside a device', () => {
  it.each([
    // first port, width, ports read as a number, low byte first
    [0x10, 4, 0x03020100],
    [0x11, 2, 0x0201],
    [0x12, 4, 0x05040302],
    [0x13, 4, 0x06050403],
    [0x1f, 2, 0xff0f],
    [0x1e, 4, 0xffff0f0e],
  ] as const)('reading at %x, %i bytes, gives %x', (port, width, value) => {
    bus.map(0x10, 16, new Latches('sixteen ports', (offset) => offset))
    expect(bus[READ[width]](port).toString(16)).toBe(value.toString(16))
  })

  it('hands the bytes over low one first', () => {
    const device = new Latches('sixteen ports', 0)
    bus.map(0x10, 16, device)
    bus.outl(0x14, 0x44332211)
    expect(device.writes).toEqual([
      [4, 0x11],
      [5, 0x22],
      [6, 0x33],
      [7, 0x44],
    ])
  })

  it('lets an access that starts inside a device pass over another one there', () => {
    const below = new Latches('below', (offset) => offset)
    const above = new Latches('above', 0xaa)
    bus.map(0, 16, below)
    bus.map(0x0b, 1, above)
    expect(bus.inw(0x0a)).toBe(0x0b0a)
    expect(bus.inb(0x0b)).toBe(0xaa)
  })

  it('gives a whole access to a device that asks for it, at any offset if it is unaligned', () => {
    const calls: string[] = []
    const note = (call: string, value = 0) => {
      calls.push(call)
      return value
    }
    const device: PortDevice = {
      name: 'whole words',
      unaligned: true,
      read8: (offset) => note(`read8 ${offset}`),
      write8: (offset, value) => void note(`write8 ${offset} ${value}`),
      read16: (offset) => note(`read16 ${offset}`, 0xbeef),
      write16: (offset, value) => void note(`write16 ${offset} ${value}`),
      read32: (offset) => note(`read32 ${offset}`, 0xdeadbeef),
      write32: (offset, value) => void note(`write32 ${offset} ${value}`),
    }
    bus.map(0x81, 3, device, { offset: 1 })
    expect(bus.inw(0x82)).toBe(0xbeef)
    expect(bus.inl(0x81)).toBe(0xdeadbeef)
    bus.outw(0x83, 0x1ffff)
    bus.outl(0x82, -1)
    expect(calls).toEqual(['read16 2', 'read32 1', 'write16 3 65535', 'write32 2 4294967295'])
  })
})

describe('string accesses', () => {
  it('read and write one port, byte by byte', () => {
    let next = 0
    const device = new Latches('counter', () => next++)
    bus.map(0x1f0, 1, device)
    const into = new Uint8Array(4)
    bus.insb(0x1f0, into)
    expect([...into]).toEqual([0, 1, 2, 3])
    bus.outsb(0x1f0, Uint8Array.of(7, 8))
    expect(device.writes).toEqual([
      [0, 7],
      [0, 8],
    ])
  })

  it('follow a device that moves away in the middle of the block', () => {
    const first = new Latches('first', 0)
    const second = new Latches('second', 0)
    bus.map(0x10, 1, second)
    const mapping = bus.map(0x10, 1, first)
    first.write8 = (offset, value) => {
      first.writes.push([offset, value])
      mapping.unmap()
    }
    bus.outsb(0x10, Uint8Array.of(1, 2, 3))
    expect(first.writes).toEqual([[0, 1]])
    expect(second.writes).toEqual([
      [0, 2],
      [0, 3],
    ])
  })
})
