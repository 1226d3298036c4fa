// Taps see every access of a bus and leave nothing behind.

import { expect, it } from 'vitest'
import { IoPortBus, type PortAccess, tapPorts } from '../../src/index.js'

it('a tap hears each access with its width and value, and lets it through', () => {
  const bus = new IoPortBus()
  const written: number[] = []
  bus.map(0x80, 4, { name: 'latch', read8: (offset) => offset + 1, write8: (_, value) => void written.push(value) })
  const heard: PortAccess[] = []
  const off = tapPorts(bus, (access) => heard.push(access))
  bus.outb(0x80, 0x1ff)
  bus.outw(0x82, 0x20001)
  bus.outl(0x10080, -1)
  expect([bus.inb(0x80), bus.inw(0x80), bus.inl(0x300)]).toEqual([1, 0x0201, 0xffffffff])
  bus.outsb(0x80, Uint8Array.of(5, 6))
  bus.insb(0x81, new Uint8Array(1))
  off()
  bus.outb(0x80, 7)
  expect(
    heard.map(({ port, width, write, value }) => `${write ? 'out' : 'in'} ${port.toString(16)} ${width} ${value}`),
  ).toEqual([
    'out 80 1 255',
    'out 82 2 1',
    'out 80 4 4294967295',
    'in 80 1 1',
    'in 80 2 513',
    'in 300 4 4294967295',
    'out 80 1 5',
    'out 80 1 6',
    'in 81 1 2',
  ])
  expect(written).toEqual([0xff, 1, 0, 0xff, 0xff, 0xff, 0xff, 5, 6, 7])
  expect(Object.keys(bus)).toEqual([])
})

it('taps nest', () => {
  const bus = new IoPortBus()
  const heard: string[] = []
  const first = tapPorts(bus, () => heard.push('first'))
  const second = tapPorts(bus, () => heard.push('second'))
  bus.outb(1, 1)
  second()
  bus.outb(1, 1)
  first()
  bus.outb(1, 1)
  expect(heard).toEqual(['second', 'first', 'first'])
})
