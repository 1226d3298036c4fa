// The host's commands on a guest in v86, what the guest does to itself, and what goes wrong.

import { describe, expect, it, test, vi } from 'vitest'
import { GuestRom, offset } from '../../src/testing/index.js'
import { attach, createEmulator, destroyEmulator, EmulatorFault } from '../../src/v86/index.js'
import { atRest, boot, COM1, type Guest, listenToSerial, pause, prepare, until } from './guest.js'
import { timerGuest } from './timer-guest.js'

const counting = () => new GuestRom().forever((loop) => loop.outb(COM1, 0x2e))

describe('the host', () => {
  it('stops a running guest and lets it go on', async () => {
    const guest = await prepare(counting())
    await runStopAndGoOn(guest)
  })

  it("stops it from within the guest's own instruction", async () => {
    const guest = await prepare(new GuestRom().outb(COM1, 0x61).outb(COM1, 0x62).halt())
    guest.emulator.add_listener('serial0-output-byte', () => guest.machine.stop())
    guest.emulator.run()
    await atRest(guest)
    expect(guest.serial()).toBe('a')
  })

  it('stops it before v86 is told to run, and v86 cannot run it then', async () => {
    const guest = await prepare(new GuestRom().print('x').halt())
    guest.machine.stop()
    guest.emulator.run()
    await until(() => !guest.emulator.is_running())
    expect(guest.emulator.get_instruction_counter()).toBe(0)
  })

  it('holds a guest with startPaused until cont', async () => {
    const guest = await prepare(new GuestRom().print('x').halt(), { startPaused: true })
    guest.emulator.run()
    await until(() => !guest.emulator.is_running())
    expect(guest.serial()).toBe('')
    guest.machine.cont()
    await atRest(guest)
    expect(guest.serial()).toBe('x')
  })

  it('resets a running guest', async () => {
    const guest = await boot(new GuestRom().print('x').halt())
    guest.machine.reset()
    await until(() => guest.serial() === 'xx')
    expect(guest.events()).toEqual(['RESET'])
  })

  it('resets a panicked guest, which starts anew only at cont', async () => {
    const guest = await boot(new GuestRom().print('x').outb(0x505, 1).print('y').halt())
    guest.machine.reset()
    await pause(10)
    expect([guest.serial(), guest.machine.runState]).toEqual(['x', 'prelaunch'])
    guest.machine.cont()
    await atRest(guest)
    expect(guest.serial()).toBe('xx')
  })

  it('ends the machine, and the guest with it', async () => {
    const guest = await prepare(counting())
    guest.emulator.run()
    await until(() => guest.serial() !== '')
    guest.machine.quit()
    await until(() => !guest.emulator.is_running())
    expect(guest.machine.exitCode).toBe(0)
  })
})

describe('a halted guest', () => {
  it('stays halted over stop and cont', async () => {
    const guest = await boot(new GuestRom().halt())
    const instructions = guest.emulator.get_instruction_counter()
    guest.machine.stop()
    await until(() => !guest.emulator.is_running())
    guest.machine.cont()
    await pause(20)
    expect(guest.cpu.in_hlt[0]).toBe(1)
    expect(guest.emulator.get_instruction_counter()).toBe(instructions)
  })

  it('is stopped without delay', async () => {
    const guest = await boot(new GuestRom().halt())
    const took: number[] = []
    for (let round = 0; round < 21; round++) {
      await pause(2)
      const began = performance.now()
      guest.machine.stop()
      await until(() => !guest.emulator.is_running())
      took.push(performance.now() - began)
      guest.machine.cont()
    }
    // v86 looks after a halted guest every 100 ms. The median: whatever else the host does delays single rounds.
    const [median] = took.sort((a, b) => a - b).slice(10)
    expect(median).toBeLessThan(50)
  })

  it('stays halted though it is stopped from within its HLT', async () => {
    const guest = await prepare(
      new GuestRom()
        .assembly((assembler) => assembler.hlt())
        .print('woken')
        .halt(),
      {
        onHalt: () => guest.machine.stop(),
      },
    )
    guest.emulator.run()
    await atRest(guest)
    guest.machine.cont()
    await pause(20)
    expect(guest.cpu.in_hlt[0]).toBe(1)
    expect(guest.serial()).toBe('')
  })

  it('is told of when interrupts are off', async () => {
    const guest = await boot(new GuestRom().halt())
    expect(guest.halts()).toBe(1)
  })

  it('is woken by no interrupt while stopped, and by the next one after cont', async () => {
    const guest = await prepare(idleGuest())
    await runStopAndGoOn(guest)
    expect(guest.halts()).toBe(0)
  })
})

describe('a guest that resets itself', () => {
  test.each([
    ['by the keyboard controller', () => new GuestRom().print('x').outb(0x64, 0xfe).print('y').halt()],
    ['by port 0xcf9', () => new GuestRom().print('x').outb(0xcf9, 0x02).outb(0xcf9, 0x06).print('y').halt()],
  ])('%s starts anew, and the machine says so', async (_, program) => {
    const guest = await prepare(program())
    const data: unknown[] = []
    guest.machine.on('RESET', (event) => {
      data.push(event.data)
      if (data.length === 2) guest.machine.stop()
    })
    guest.emulator.run()
    await atRest(guest)
    expect(guest.serial()).toBe('xx')
    expect(data[0]).toEqual({ guest: true, reason: 'guest-reset' })
  })

  it('ends with rebootAction shutdown', async () => {
    const guest = await boot(new GuestRom().print('x').outb(0x64, 0xfe).print('y').halt(), { rebootAction: 'shutdown' })
    expect([guest.serial(), guest.machine.runState, guest.machine.exitCode]).toEqual(['x', 'shutdown', 0])
  })
})

describe('what goes wrong', () => {
  it('in a listener does not hurt the guest', async () => {
    const told: unknown[] = []
    const guest = await prepare(new GuestRom().outb(0x505, 1).outb(0x505, 1).print('x').halt(), {
      onPanic: 'log',
      onListenerError: (error) => told.push(error),
    })
    guest.machine.on('GUEST_PANICKED', () => {
      throw new Error('of the listener')
    })
    guest.emulator.run()
    await atRest(guest)
    expect(guest.serial()).toBe('x')
    expect(told).toEqual([new Error('of the listener')])
  })

  it('in what the machine was given is told once, and the guest goes on', async () => {
    const guest = await boot(new GuestRom().outb(0x505, 1).outb(0x505, 1).print('x').halt(), {
      onPanic: 'log',
      clock: () => {
        throw new Error('no clock')
      },
    })
    expect(guest.serial()).toBe('x')
    expect(guest.errors).toEqual([new Error('no clock')])
  })

  it('in onError itself goes to the console', async () => {
    const console_ = vi.spyOn(console, 'error').mockImplementation(() => {})
    const failing = () => {
      throw new Error('no clock')
    }
    const guest = await boot(new GuestRom().outb(0x505, 1).print('x').halt(), {
      onPanic: 'log',
      clock: failing,
      onError: failing,
    })
    expect(guest.serial()).toBe('x')
    expect(console_).toHaveBeenCalledWith('isa-pvpanic:', new Error('no clock'))
    console_.mockRestore()
  })

  it('in v86 stops the machine, and the emulator can still be destroyed', async () => {
    const guest = await prepare(new GuestRom().inb(0x80).halt())
    guest.cpu.io.port_read8 = () => {
      throw new Error('a broken port')
    }
    guest.emulator.run()
    await atRest(guest)
    expect(guest.machine.runState).toBe('paused')
    expect(guest.errors).toEqual([expect.any(EmulatorFault)])
    expect(String(guest.errors[0])).toContain('v86 failed while it ran the guest: a broken port')
    await destroyEmulator(guest.emulator)
  })
})

describe('attach refuses', () => {
  it('an emulator that is not ready', () => {
    expect(() => attach({} as Parameters<typeof attach>[0])).toThrow(/wait for its event emulator-ready/)
  })

  it('a second machine for one emulator', async () => {
    const guest = await prepare(new GuestRom().halt())
    expect(() => attach(guest.emulator)).toThrow('it has a machine already')
  })

  it('a wrong option, and takes a right one afterwards', async () => {
    const emulator = await createEmulator({ bios: new GuestRom().outb(0x505, 1).build() })
    expect(() => attach(emulator, { iobase: 0x10000 })).toThrow(RangeError)
    const machine = attach(emulator)
    emulator.run()
    await until(() => machine.runState === 'guest-panicked')
    await destroyEmulator(emulator)
  })
})

describe('createEmulator', () => {
  const bios = new GuestRom(64).outb(COM1, 0x78).halt().build()
  const wrong: [why: string, options: Parameters<typeof createEmulator>[0], message: RegExp][] = [
    ['no image', { bios: new Uint8Array(0) }, /^bios: expected an image of 16 bytes to 1 MiB, got 0 bytes$/],
    ['an image past 1 MiB', { bios: new Uint8Array(0x100001) }, /^bios: .*got 1048577 bytes$/],
    [
      'a VGA BIOS past its place',
      { bios, vgaBios: new Uint8Array(0x20001) },
      /^vgaBios: .*to 128 KiB, got 131073 bytes$/,
    ],
    ['no memory', { bios, memory: 0 }, /memory: .*got 0/],
    ['more memory than v86 has', { bios, memory: 0x80000000 }, /memory: .*to 0x7ffe0000, got 0x80000000/],
  ]
  test.each(wrong)('refuses %s', async (_, options, message) => {
    await expect(createEmulator(options)).rejects.toThrow(message)
  })

  it('says how to install v86 where it is not', async () => {
    vi.doMock('v86', () => {
      throw new Error('not installed')
    })
    await expect(createEmulator({ bios })).rejects.toThrow('npm install v86')
    vi.doUnmock('v86')
  })

  it('runs a small image, and many emulators side by side', async () => {
    const emulators = await Promise.all(Array.from({ length: 5 }, () => createEmulator({ bios })))
    const serials = emulators.map(listenToSerial)
    for (const emulator of emulators) emulator.run()
    await until(() => serials.every((serial) => serial() === 'x'))
    await Promise.all(emulators.map(destroyEmulator))
    expect(emulators.map((emulator) => emulator.is_running())).toEqual([false, false, false, false, false])
  })
})

/** Runs a guest that prints for ever: it prints nothing more once it is stopped, and goes on after cont. */
async function runStopAndGoOn({ emulator, machine, serial }: Guest): Promise<void> {
  emulator.run()
  await until(() => serial() !== '')
  machine.stop()
  const printed = serial()
  await pause(20)
  expect(serial()).toBe(printed)
  machine.cont()
  await until(() => serial() !== printed)
}

/** Halts with interrupts on, again and again. */
function idleGuest(): GuestRom {
  return timerGuest((assembler) => assembler.sti().label('idle').hlt().jmp('idle'))
}

/** Enters protected mode without an interrupt table and executes an undefined instruction. */
function tripleFault(): GuestRom {
  const lidtFromBx = [0x0f, 0x01, 0x1f]
  const setProtectedMode = [0x0f, 0x20, 0xc0, 0x0c, 0x01, 0x0f, 0x22, 0xc0] // mov eax, cr0; or al, 1; mov cr0, eax
  const undefinedInstruction = [0x0f, 0x0b]
  return new GuestRom().print('.').assembly((assembler) => {
    assembler.jmp('go').label('table').db(0, 0, 0, 0, 0, 0).label('go').mov('bx', offset('table'))
    assembler.db(...lidtFromBx, ...setProtectedMode, ...undefinedInstruction)
  })
}

describe('a triple fault', () => {
  it('resets the guest, as on a PC', async () => {
    const guest = await prepare(tripleFault(), { rebootAction: 'reset' })
    guest.emulator.run()
    await until(() => guest.serial().length >= 3)
    expect(guest.events().slice(0, 2)).toEqual(['RESET', 'RESET'])
    expect(guest.errors).toEqual([])
  })

  it('ends the machine if a reboot is to', async () => {
    const guest = await boot(tripleFault(), { rebootAction: 'shutdown' })
    expect([guest.serial(), guest.machine.exitCode, guest.events()]).toEqual(['.', 0, ['SHUTDOWN']])
  })
})
