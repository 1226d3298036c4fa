// QEMU's versions and machine types; each row is a fact of QEMU's history (commits named in qemu-versions.ts).

import { describe, expect, it } from 'vitest'
import { Machine, qemuProfile } from '../../src/index.js'

describe('the builtin pvpanic', () => {
  it.each([
    ['1.5.0', 'pc-1.5', true],
    ['1.5.0', 'pc-i440fx-1.5', true],
    ['1.5.3', 'pc-q35-1.5', true],
    ['1.5.0', 'pc', true],
    ['1.5.0', 'pc-i440fx-1.4', false],
    ['1.5.0', 'isapc', false],
    ['1.6.0', 'pc', false],
    ['1.6.0', 'pc-1.5', true],
    ['1.6.2', 'pc-1.5', true],
    ['1.7.0', 'pc-1.5', false],
    ['7.2', 'pc-i440fx-1.5', false],
  ])('QEMU %s, machine %s: %s', (version, machineType, builtin) => {
    expect(qemuProfile(version, machineType).builtinPvpanic).toBe(builtin)
    expect(new Machine({ qemu: version, machineType }).pvpanics[0]?.source).toBe(builtin ? 'builtin' : 'device')
  })
})

describe('the port', () => {
  it.each([
    ['1.5.0', 1],
    ['4.2', 1],
    ['5.0', 1],
    ['5.2', 3],
    ['9.0', 3],
    ['9.1', 7],
    ['10.0', 7],
    [undefined, 7],
  ])('of QEMU %s reads %i', (qemu, events) => {
    expect(new Machine(qemu === undefined ? {} : { qemu }).bus.inb(0x505)).toBe(events)
  })
})

it.each([
  ['1.6.2', true, true, false],
  ['1.7.0', false, true, false],
  ['2.3', false, true, false],
  ['2.4', false, false, false],
  ['5.2', false, false, false],
  ['6.0', false, false, true],
])(
  'QEMU %s: a panic is final %s, several devices %s, -action %s',
  (version, panicIsFinal, severalPvpanics, actions) => {
    expect(qemuProfile(version)).toMatchObject({ panicIsFinal, severalPvpanics, actions })
  },
)

it('a version before 2.4 takes a second device, the first one owning the fw_cfg file', () => {
  const machine = new Machine({ qemu: '1.5.0', iobase: 0, secondIobase: 0x505 })
  expect(machine.pvpanics.map(({ iobase, source }) => [iobase, source])).toEqual([
    [0, 'builtin'],
    [0x505, 'device'],
  ])
  machine.bus.outb(0x505, 1)
  expect(machine.runState).toBe('guest-panicked')
})

it.each([
  ['1.5.4', 'pc', 'qemu: unknown version "1.5.4"; known are 1.5.0 to 1.5.3'],
  ['7', 'pc', 'qemu: expected a version such as 1.5.3 or 7.2, got "7"'],
  ['7.2', 'pc-9.9', 'machineType: QEMU 7.2 has no "pc-9.9"; known are pc, q35'],
  ['1.5.0', 'pc-i440fx-1.6', 'machineType: QEMU 1.5.0 has no "pc-i440fx-1.6"'],
  ['7.2', 'toString', 'machineType: QEMU 7.2 has no "toString"'],
])('QEMU %s with machine %s is refused', (version, machineType, message) => {
  expect(() => qemuProfile(version, machineType)).toThrow(RangeError)
  expect(() => qemuProfile(version, machineType)).toThrow(message)
})
