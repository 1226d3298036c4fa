// What a panic does to a real guest in v86, mode by mode.

import { describe, expect, it, test } from 'vitest'
import { type Assembler, GuestRom, offset } from '../../src/testing/index.js'
import { atRest, boot, COM1, pause, prepare, until } from './guest.js'
import { timerGuest } from './timer-guest.js'

const INTERRUPT_FLAG = 0x200
const panicThenPrint = () => new GuestRom().print('before ').outb(0x505, 1).print('after').halt()

/** Writes the bytes to the port of pvpanic by one instruction. */
function writeAll(assembler: Assembler, bytes: readonly number[]): Assembler {
  assembler.jmp('go').label('bytes')
  assembler.db(...bytes).label('go')
  return assembler.mov('si', offset('bytes')).mov('cx', bytes.length).mov('dx', 0x505).repOutsb()
}

describe('preserve', () => {
  it('stops the guest at the very OUT', async () => {
    let afterOut = 0
    const guest = await boot(
      new GuestRom()
        .outb(0x505, 1)
        .assembly((assembler) => {
          afterOut = 0xf0000 + assembler.length
        })
        .outb(COM1, 0x41)
        .halt(),
    )
    const instructions = guest.emulator.get_instruction_counter()
    await pause(20)
    expect(guest.machine.runState).toBe('guest-panicked')
    expect(guest.cpu.instruction_pointer[0]).toBe(afterOut)
    expect(guest.emulator.get_instruction_counter()).toBe(instructions)
    expect(guest.serial()).toBe('')
  })

  it('lets it go on from there by cont', async () => {
    const guest = await boot(panicThenPrint())
    expect(guest.serial()).toBe('before ')
    guest.machine.cont()
    await atRest(guest)
    expect(guest.serial()).toBe('before after')
    expect(guest.events()).toEqual(['GUEST_PANICKED', 'STOP', 'RESUME'])
  })

  it('stops it as exactly in code that v86 has compiled', async () => {
    const guest = await boot(
      new GuestRom()
        .repeat(60_000, (hot) => hot.outb(0x505, 0))
        .outb(0x505, 1)
        .outb(COM1, 0x41)
        .halt(),
    )
    expect(guest.serial()).toBe('')
    guest.machine.cont()
    await atRest(guest)
    expect(guest.serial()).toBe('A')
  })

  it('stops it though an interrupt is pending and about to be taken', async () => {
    const guest = await boot(
      timerGuest((assembler) => {
        assembler.label('wait').mov('al', 0x0a).out(0x20, 'al').in('al', 0x20).test('al', 1).jz('wait')
        assembler.mov('al', 1).mov('dx', 0x505).sti().out('dx', 'al')
        return assembler.mov('al', 0x41).mov('dx', COM1).out('dx', 'al').nop().nop().cli().hlt()
      }),
    )
    await pause(20)
    expect(guest.serial()).toBe('')
    expect((guest.cpu.flags[0] ?? 0) & INTERRUPT_FLAG).toBe(INTERRUPT_FLAG)
    expect(guest.cpu.in_hlt[0]).toBe(0)
    guest.machine.cont()
    await atRest(guest)
    expect([...guest.serial()].sort().join('')).toBe('Ai')
  })

  it('does not stop it if a listener says cont at once', async () => {
    const guest = await prepare(panicThenPrint())
    guest.machine.on('GUEST_PANICKED', () => guest.machine.cont())
    guest.emulator.run()
    await atRest(guest)
    expect(guest.serial()).toBe('before after')
    expect(guest.machine.runState).toBe('running')
  })

  it('stops it within an instruction that writes several bytes, and cont goes on with the next', async () => {
    const guest = await boot(new GuestRom().assembly((assembler) => writeAll(assembler, [1, 0, 2, 1])).halt())
    expect(guest.events()).toEqual(['GUEST_PANICKED', 'STOP'])
    guest.machine.cont()
    await atRest(guest)
    expect(guest.events().slice(2)).toEqual(['RESUME', 'GUEST_CRASHLOADED', 'GUEST_PANICKED', 'STOP'])
  })
})

test('log lets the guest go on', async () => {
  const guest = await boot(panicThenPrint(), { onPanic: 'log' })
  expect(guest.serial()).toBe('before after')
  expect(guest.machine.runState).toBe('running')
  expect(guest.events()).toEqual(['GUEST_PANICKED'])
})

describe('destroy', () => {
  it('ends machine and guest at the OUT', async () => {
    const guest = await boot(panicThenPrint(), { onPanic: 'destroy' })
    guest.emulator.run()
    await until(() => !guest.emulator.is_running())
    expect(guest.serial()).toBe('before ')
    expect([guest.machine.runState, guest.machine.exitCode]).toEqual(['shutdown', 0])
    expect(guest.events()).toEqual(['GUEST_PANICKED', 'STOP', 'SHUTDOWN'])
  })

  it('ends them before the rest of the instruction', async () => {
    const guest = await boot(new GuestRom().assembly((assembler) => writeAll(assembler, [1, 1, 1])).halt(), {
      onPanic: 'destroy',
    })
    expect(guest.machine.panics.total).toBe(1)
  })
})

describe('reset', () => {
  it('runs the guest again from its reset vector, until the limit, then preserves', async () => {
    const guest = await boot(panicThenPrint(), { onPanic: 'reset', resetLimit: 3 })
    const round = ['GUEST_PANICKED', 'STOP', 'RESET', 'RESUME']
    expect(guest.serial()).toBe('before before before before ')
    expect(guest.machine.runState).toBe('guest-panicked')
    expect(guest.events()).toEqual([...round, ...round, ...round, 'GUEST_PANICKED', 'STOP'])
  })

  it('does so without delay', async () => {
    const began = performance.now()
    await boot(panicThenPrint(), { onPanic: 'reset', resetLimit: 100 })
    // A turn that ends in a halt, as v86 sees a stopped guest, is followed by a wait of 100 ms: 10 s for these resets.
    expect(performance.now() - began).toBeLessThan(6000)
  })

  it('runs nothing after the OUT in code that v86 has compiled, and begins with fresh registers', async () => {
    const guest = await boot(
      new GuestRom()
        .assembly((assembler) => assembler.mov('al', 'dh').mov('dh', 0x21)) // printed below: 0, as at power-on
        .printHex()
        .repeat(60_000, (hot) => hot.outb(0x505, 0))
        .assembly((assembler) => assembler.mov('dh', 0xff))
        .outb(0x505, 1)
        .outb(COM1, 0x58)
        .halt(),
      { onPanic: 'reset', resetLimit: 2 },
    )
    expect(guest.serial()).toBe('000000')
  })

  it('counts a panic that a whole instruction repeats once a reset', async () => {
    const guest = await boot(
      new GuestRom()
        .print('.')
        .assembly((assembler) => writeAll(assembler, [1, 1, 1]))
        .halt(),
      { onPanic: 'reset', resetLimit: 2 },
    )
    expect(guest.serial()).toBe('...')
  })
})

test('a guest that floods the port leaves the host time for other things', async () => {
  const guest = await prepare(
    new GuestRom().forever((loop) => loop.outb(0x505, 1)),
    { onPanic: 'log' },
  )
  guest.machine.on('GUEST_PANICKED', () => {
    const end = performance.now() + 0.5
    while (performance.now() < end);
  })
  guest.emulator.run()
  // Undisturbed, one turn of v86 holds thousands of these writes: seconds.
  const began = performance.now()
  for (let turn = 0; turn < 3; turn++) await pause(1)
  expect(performance.now() - began).toBeLessThan(1000)
  expect(guest.machine.panics.total).toBeGreaterThan(10)
  guest.machine.quit()
})
