// The same guests and the same claims in both engines: a test changes its engine by one word.

import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { type BootOptions, bootGuest, type Guest, GuestRom, testKernel } from '../../src/testing/index.js'
import '../../src/vitest/index.js'

const DEBUG_EXIT = 0xf4
/** What isa-debug-exit makes of the test kernel's last word. */
const KERNEL_DONE = 33
const timeoutMs = 30_000
const folder = await mkdtemp(join(tmpdir(), 'isa-pvpanic-live-'))
afterAll(() => rm(folder, { recursive: true }))

describe.each(['v86', 'qemu'] as const)('engine %s', (engine) => {
  const guests: Guest[] = []
  const boot = async (options: BootOptions) => {
    const guest = await bootGuest({ ...options, engine })
    guests.push(guest)
    return guest
  }
  afterEach(() => Promise.all(guests.splice(0).map((guest) => guest.dispose())))
  const eventsOf = (guest: Guest) => {
    const events: string[] = []
    guest.machine.on('*', ({ event }) => events.push(event))
    return events
  }

  describe.each<[string, BootOptions, string, string]>([
    ['the built-in ROM', {}, 'guest: panic, writing 1 to port 0x505', 'guest: still here after the panic, halting'],
    [
      'the multiboot test kernel',
      { multiboot: testKernel() },
      'kernel: panic: reporting it to the host',
      'kernel: still here after the panic',
    ],
  ])('%s', (_, images, lastWords, afterwards) => {
    it('preserve: stands right after its OUT, and goes on by cont', async () => {
      const guest = await boot({ ...images, onPanic: 'preserve' })
      const events = eventsOf(guest)
      expect(await guest.nextPanic({ timeoutMs })).toMatchObject({ event: 'panicked', value: 1 })
      expect(guest).toBeInRunState('guest-panicked')
      expect(guest.serial.lastLines(1)).toEqual([lastWords])
      await guest.machine.cont()
      expect(await guest.ended({ timeoutMs })).toEqual({ reason: 'halted' })
      expect(guest.serial.lastLines(1)).toEqual([afterwards])
      expect(events).toEqual(['GUEST_PANICKED', 'STOP', 'RESUME'])
    })

    it.each([0, 1] as const)('destroy: the machine ends with exit code %i', async (panicExitCode) => {
      const guest = await boot({ ...images, onPanic: 'destroy', panicExitCode })
      await guest.nextPanic({ timeoutMs })
      expect(guest).toHavePanicked()
      expect(guest).toBeInRunState('shutdown')
      expect(guest).toHaveExitCode(panicExitCode)
      expect(guest.serial.lastLines(1)).toEqual([lastWords])
      await expect(async () => guest.machine.cont()).rejects.toThrow(/the machine has ended/)
    })

    it('reset: boots again by itself, up to the limit', async () => {
      const guest = await boot({ ...images, onPanic: 'reset', resetLimit: 2 })
      const events = eventsOf(guest)
      for (let boots = 0; boots < 3; boots++) await guest.nextPanic({ timeoutMs })
      expect(guest).toBeInRunState('guest-panicked')
      expect(guest.machine.panics.total).toBe(3)
      const round = ['GUEST_PANICKED', 'STOP', 'RESET', 'RESUME']
      // The firmware may reset the machine once more on its way.
      const told = events.filter((event, index) => !(event === 'RESET' && events[index - 1] !== 'STOP'))
      expect(told).toEqual([...round, ...round, 'GUEST_PANICKED', 'STOP'])
    })

    it('log: goes on', async () => {
      const guest = await boot({ ...images, onPanic: 'log' })
      const events = eventsOf(guest)
      await guest.nextPanic({ timeoutMs })
      expect(await guest.ended({ timeoutMs })).toEqual({ reason: 'halted' })
      expect(guest).toBeInRunState('running')
      expect(guest.serial.lastLines(1)).toEqual([afterwards])
      expect(events).toEqual(['GUEST_PANICKED'])
    })
  })

  it('the guest finds the device at another port', async () => {
    // Not 0x600: there SeaBIOS puts the ACPI registers of QEMU's pc, over the device.
    const iobase = 0x5f0
    const guest = await boot({ multiboot: testKernel({ iobase }), iobase })
    await guest.nextPanic({ timeoutMs })
    expect(guest).toHavePanicked()
  })

  it('a guest that is offered no panics reports none', async () => {
    const guest = await boot({ multiboot: testKernel(), events: 2 })
    await expect(guest.nextPanic({ timeoutMs })).rejects.toMatchObject({ name: 'GuestError', reason: 'halted' })
    expect(guest).not.toHavePanicked()
    expect(guest.serial.lastLines(1)).toEqual(['kernel: no pvpanic device, or it takes no panics'])
  })

  it('a guest without the device finds none', async () => {
    const guest = await boot({ multiboot: testKernel(), iobase: null })
    await expect(guest.nextPanic({ timeoutMs })).rejects.toMatchObject({ name: 'GuestError', reason: 'halted' })
  })

  it('a debug exit ends the machine with its exit code, by a shutdown where QEMU 9.1 or later is followed', async () => {
    const images = { multiboot: testKernel({ debugExit: DEBUG_EXIT }), debugExit: DEBUG_EXIT }
    const guest = await boot({ ...images, onPanic: 'log' })
    const events = eventsOf(guest)
    expect(await guest.ended({ timeoutMs })).toEqual({ reason: 'ended', exitCode: KERNEL_DONE })
    expect(guest).toHaveExitCode(KERNEL_DONE)
    // v86's machine follows the newest QEMU; the installed one is older.
    expect(events).toEqual(engine === 'v86' ? ['GUEST_PANICKED', 'SHUTDOWN'] : ['GUEST_PANICKED'])
  })

  it('a loaded crash kernel is reported, and the guest goes on', async () => {
    const guest = await boot({ bios: new GuestRom().outb(0x505, 2).print('on').halt().build(), onPanic: 'destroy' })
    expect(await guest.nextPanic({ timeoutMs })).toMatchObject({ event: 'crash-loaded' })
    expect(guest).toHaveReported('crash-loaded')
    expect(guest).not.toHavePanicked()
    await guest.serial.waitFor('on', { timeoutMs })
    expect(guest).toBeInRunState('running')
  })

  it('the host stops, continues, resets and ends it', async () => {
    const guest = await boot({ bios: new GuestRom().forever((rom) => rom.print('.').wait(0xffff)).build() })
    const events = eventsOf(guest)
    await guest.serial.waitFor('.', { timeoutMs })
    await guest.machine.stop()
    expect(guest).toBeInRunState('paused')
    await guest.machine.cont()
    expect(guest).toBeInRunState('running')
    await guest.machine.stop()
    await guest.machine.reset()
    expect(guest).toBeInRunState('prelaunch')
    await guest.machine.cont()
    await guest.machine.powerdown()
    await guest.machine.quit()
    expect(guest).toHaveExitCode(0)
    expect(events).toEqual(['STOP', 'RESUME', 'STOP', 'RESET', 'RESUME', 'POWERDOWN', 'SHUTDOWN'])
  })

  it('starts paused, and waits for cont', async () => {
    const guest = await boot({ startPaused: true })
    expect(guest).toBeInRunState('prelaunch')
    expect(guest.serial.text).toBe('')
    await guest.machine.cont()
    await guest.nextPanic({ timeoutMs })
    expect(guest).toBeInRunState('guest-panicked')
  })

  it('reads what is typed', async () => {
    const rom = new GuestRom()
      .print('?')
      .assembly((assembler) => {
        assembler.mov('dx', 0x3fd).label('empty').in('al', 'dx').test('al', 1).jz('empty')
        assembler.mov('dx', 0x3f8).in('al', 'dx')
      })
      .printHex()
      .halt()
    const guest = await boot({ bios: rom.build() })
    await guest.serial.waitFor('?', { timeoutMs })
    guest.send('A')
    await guest.serial.waitFor('?41', { timeoutMs })
  })

  it('writes a core dump of a guest that stands, and of none that runs', async () => {
    const guest = await boot({ multiboot: testKernel(), memory: 4 << 20 })
    const path = join(folder, `${engine}.core`)
    await expect(guest.dumpCore(path)).rejects.toThrow(/running/)
    await guest.nextPanic({ timeoutMs })
    await guest.dumpCore(path)
    const core = await readFile(path)
    expect(core.subarray(0, 4).toString('latin1')).toBe('\x7fELF')
    expect(core.includes('kernel: panic: reporting it to the host')).toBe(true)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect((await readdir(folder)).filter((name) => name.endsWith('.partial'))).toEqual([])
  })

  it('an aborted signal ends it', async () => {
    const controller = new AbortController()
    const guest = await boot({ bios: new GuestRom().forever((rom) => rom.wait(1)).build(), signal: controller.signal })
    const report = guest.nextPanic({ timeoutMs })
    controller.abort()
    await expect(report).rejects.toMatchObject({ name: 'GuestError', reason: 'disposed' })
  })
})
