// isa-debug-exit: exit codes as the real device's (recorded from QEMU 7.2 in test/recordings).

import { expect, it } from 'vitest'
import { Machine } from '../../src/index.js'

it.each([
  ['outb', 0x00, 1],
  ['outb', 0x10, 33],
  ['outb', 0x2a, 85],
  ['outw', 0x11, 35],
  ['outl', 0x31, 99],
] as const)('%s of %x ends the machine with exit code %i', (write, value, exitCode) => {
  const machine = new Machine({ debugExit: 0xf4 })
  machine.bus[write](0xf4, value)
  expect([machine.runState, machine.exitCode]).toEqual(['shutdown', exitCode])
})

it('is not there unless asked for', () => {
  const machine = new Machine()
  machine.bus.outb(0x501, 0x10)
  machine.bus.outb(0xf4, 0x10)
  expect(machine.runState).toBe('running')
})

it('reads as 0', () => {
  expect(new Machine({ debugExit: 0xf4 }).bus.inw(0xf4)).toBe(0)
})

it('is refused by the name of the option where it does not fit', () => {
  expect(() => new Machine({ debugExit: [{ iobase: 0, iosize: 0 }] })).toThrow(
    /^debugExit: expected an integer from 1 to/,
  )
})

it('shows by name on the bus', () => {
  const [mapping] = new Machine({ debugExit: 0xf4 }).bus.mappings().filter(({ base }) => base === 0xf4)
  expect([mapping?.device.name, mapping?.size]).toEqual(['isa-debug-exit', 2])
})

it('gives the exit code of the first write', () => {
  const machine = new Machine({ debugExit: 0x501 })
  machine.bus.outb(0x501, 1)
  machine.bus.outb(0x501, 2)
  expect(machine.exitCode).toBe(3)
})
