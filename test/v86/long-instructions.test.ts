// Instructions that take long: the process lives on beside them, and a machine that is to stand stands at the access.

import { describe, expect, it } from 'vitest'
import { type Assembler, GuestRom, offset } from '../../src/testing/index.js'
import { EmulatorFault } from '../../src/v86/index.js'
import { atRest, type Guest, pause, prepare, until } from './guest.js'

const A32 = 0x67
const REP = 0xf3
const INSB = 0x6c
const OUTSB = 0x6e

/** `mov edx, port; mov ecx, -1` and the instruction, from where memory ends on: v86 takes it as a whole there. */
const endless = (port: number, ...instruction: number[]) =>
  new GuestRom().assembly((assembler) => {
    assembler.mov('dx', port).mov('ecx', -1).mov('esi', 0x100000).mov('edi', 0x100000)
    assembler.db(...instruction).hlt()
  })

describe.each([
  ['rep outsb', [A32, REP, OUTSB]],
  ['rep insb', [A32, REP, INSB]],
] as const)('4 GiB of %s', (_, instruction) => {
  it.each([
    ['the pvpanic port', 0x505],
    ['a port of v86', 0x80],
    ['an unassigned port', 0x1234],
  ])('at %s leave the process its turns, and the machine its commands', async (_, port) => {
    const guest = await prepare(endless(port, ...instruction), { onPanic: 'log' })
    guest.emulator.run()
    const began = performance.now()
    for (let turns = 0; turns < 5; turns++) await pause(1)
    // Hours, unless the instruction is interrupted; a busy machine needs its time.
    expect(performance.now() - began).toBeLessThan(5000)
    expect(guest.machine.runState).toBe('running')
    guest.machine.stop()
    await atRest(guest)
    const left = () => (guest.cpu.reg32[1] ?? 0) >>> 0
    const before = left()
    expect(before).toBeLessThan(0xffffffff)
    guest.machine.cont()
    await until(() => left() < before)
    guest.machine.quit()
    await atRest(guest)
    expect(guest.errors).toEqual([])
  })
})

/** Writes `bytes` to the pvpanic port by one instruction, and says which register values that leaves. */
const burst = (bytes: readonly number[], instruction: readonly number[], direction: 'up' | 'down', rounds = 1) =>
  new GuestRom().assembly((assembler: Assembler) => {
    assembler.jmpNear('main').label('string')
    assembler.db(...bytes).label('main')
    if (direction === 'down') assembler.db(0xfd) // std
    assembler.mov('bx', rounds).label('again').mov('dx', 0x505)
    assembler.mov('esi', 0).mov('si', offset('string'))
    if (direction === 'down') assembler.add('si', bytes.length - 1)
    assembler.mov('ecx', bytes.length)
    assembler
      .db(...instruction)
      .dec('bx')
      .jnz('again')
    assembler.mov('al', 0x21).mov('dx', 0x3f8).out('dx', 'al').hlt()
  })

describe('a string instruction that panics', () => {
  const registers = ({ cpu }: Guest) => ({ cx: cpu.reg32[1], si: cpu.reg32[6] })

  it.each([
    ['16-bit addresses', [REP, OUTSB], 'up'],
    ['16-bit addresses, downwards', [REP, OUTSB], 'down'],
    ['32-bit addresses', [A32, REP, OUTSB], 'up'],
    ['32-bit addresses, downwards', [A32, REP, OUTSB], 'down'],
    ['a segment prefix', [0x2e, A32, REP, OUTSB], 'up'],
  ] as const)('stands at each of its panics, and goes on behind it: %s', async (_, instruction, direction) => {
    const bytes = [8, 1, 8, 8, 1, 1, 8]
    const guest = await prepare(burst(bytes, instruction, direction))
    guest.emulator.run()
    const inOrder = direction === 'up' ? bytes : bytes.toReversed()
    const seen: number[] = []
    for (const [index, byte] of inOrder.entries()) {
      if (byte !== 1) continue
      await atRest(guest)
      seen.push(index)
      expect(guest.machine.runState).toBe('guest-panicked')
      expect(guest.machine.panics.total).toBe(seen.length)
      expect(registers(guest).cx).toBe(bytes.length - index - 1)
      guest.machine.cont()
    }
    await until(() => guest.serial() === '!')
    expect(guest.machine.panics.total).toBe(3)
    expect(guest.machine.pvpanic?.counts.unknown).toBe(4)
  })

  it('in a loop that v86 has compiled is counted from its own beginning', async () => {
    const rounds = 30_000
    const guest = await prepare(burst([8, 8, 8, 1], [A32, REP, OUTSB], 'up', rounds), { onPanic: 'log' })
    guest.emulator.run()
    await until(() => guest.machine.panics.total > 5_000)
    guest.machine.setActions({ onPanic: 'preserve' })
    await atRest(guest)
    for (let times = 0; times < 20; times++) {
      const { total } = guest.machine.panics
      expect(guest.machine.pvpanic?.counts.unknown).toBe(3 * total)
      guest.machine.cont()
      await atRest(guest)
      expect(guest.machine.panics.total).toBe(total + 1)
    }
    guest.machine.setActions({ onPanic: 'log' })
    guest.machine.cont()
    await until(() => guest.serial() === '!')
    expect(guest.machine.panics.total).toBe(rounds)
  })

  it('resets the guest at once under reset', async () => {
    const guest = await prepare(burst([1, 1, 1], [A32, REP, OUTSB], 'up'), { onPanic: 'reset', resetLimit: 2 })
    guest.emulator.run()
    await atRest(guest)
    expect(guest.machine.panics.total).toBe(3)
    expect(guest.events().filter((event) => event === 'RESET')).toHaveLength(2)
  })
})

it('an instruction that calls no port is ended by the limit, as a fault of the emulator', async () => {
  // REP LODSW from odd addresses on, in memory and then beyond it: four thousand million steps within v86.
  const rom = endless(0, 0x66, A32, REP, 0xad)
  const guest = await prepare(rom, { turnLimitMs: 100 })
  guest.emulator.run()
  await until(() => guest.errors.length > 0)
  expect(guest.errors).toEqual([expect.any(EmulatorFault)])
  expect(String(guest.errors[0])).toMatch(/an instruction of the guest, or a listener, took longer than 100 ms/)
  expect(guest.machine.runState).toBe('paused')
})

it.each([0, 1.5, Number.NaN])('a turnLimitMs of %d is refused', async (turnLimitMs) => {
  await expect(prepare(new GuestRom().halt(), { turnLimitMs })).rejects.toThrow(/^turnLimitMs: expected an integer/)
})
