// Why no report came: each reason provoked by a guest, and named.

import { describe, expect, it } from 'vitest'
import { acpiFiles } from '../../src/firmware/index.js'
import { type BootOptions, GuestRom } from '../../src/testing/index.js'
import { KernelMessages } from '../../src/testing/kernel-messages.js'
import { type BootFacts, likelyReasons } from '../../src/testing/silence.js'
import { test } from '../../src/vitest/index.js'

const PANIC = '[    1.5] Kernel panic - not syncing: sysrq triggered crash\r\n'
const END = '[    1.6] ---[ end Kernel panic - not syncing: sysrq triggered crash ]---\r\n'
/** A guest that prints what a kernel prints, and stays. */
const kernel = (build: (rom: GuestRom) => GuestRom) =>
  build(new GuestRom())
    .assembly((assembler) => assembler.sti().label('idle').hlt().jmp('idle'))
    .build()
const dies = (rom: GuestRom) => rom.print(PANIC).print(END)
/** Firmware that has the device in its tables, as far as it is looked at. */
const withNode = (rom: GuestRom) => rom.print('QEMU0001\n')

describe.concurrent('a panic without a report ends the wait by itself, and says why', () => {
  test.for<[string, BootOptions, RegExp]>([
    [
      'the driver is absent',
      { bios: kernel((rom) => dies(withNode(rom))) },
      /the port was never read: its driver \(CONFIG_PVPANIC, pvpanic-mmio\) is not in this kernel, or not loaded/,
    ],
    [
      'the firmware has no tables',
      { bios: kernel(dies) },
      /this firmware has no ACPI node for the device, as SeaBIOS from 1\.17 on; give fwCfgFiles: acpiFiles\(\)/,
    ],
    [
      'tables were given, and no driver found them',
      { bios: kernel(dies), fwCfgFiles: acpiFiles(0x505) },
      /the port was never read: its driver/,
    ],
    [
      'the guest wrote where nothing is',
      { bios: kernel((rom) => dies(rom.outb(0x505, 1))), iobase: 0x600 },
      /the guest wrote to port 0x505, where nothing is; the device is at port 0x600/,
    ],
    [
      'the device offers no panics',
      { bios: kernel((rom) => dies(rom.inb(0x505))), events: 2 },
      /the device offers no panics \(events: 0x2\)/,
    ],
    ['there is no device', { bios: kernel(dies), iobase: null }, /the machine has no pvpanic device \(iobase: null\)/],
    [
      'a crash kernel took over',
      { bios: kernel((rom) => rom.inb(0x505).print(PANIC).print('[    0.0] Linux version 6.1.0\r\n')) },
      /a crash kernel is loaded, and the device is not told before it starts: add crash_kexec_post_notifiers/,
    ],
    [
      'no init was found',
      {
        bios: kernel((rom) =>
          rom.inb(0x505).print('VFS: Unable to mount root fs on unknown-block(0,0)\n').print(PANIC).print(END),
        ),
      },
      /there is no initrd, and no root file system was found/,
    ],
  ])('%s', async ([, options, reason], { boot, expect: claim }) => {
    const guest = await boot(options)
    const wait = guest.nextPanic()
    await claim(wait).rejects.toMatchObject({ reason: 'unreported' })
    await claim(wait).rejects.toThrow(
      /^no report: the guest printed "Kernel panic - not syncing: sysrq triggered crash"/,
    )
    await claim(wait).rejects.toThrow(reason)
    claim(guest.failureLines.join('\n')).toContain('Kernel panic')
  })

  test('not if the report comes', async ({ boot, expect: claim }) => {
    const guest = await boot({ bios: kernel((rom) => rom.print(PANIC).outb(0x505, 1).print(END)), onPanic: 'log' })
    await guest.nextPanic()
    await claim(guest.nextPanic({ timeoutMs: 1500 })).rejects.toMatchObject({ reason: 'timeout' })
  })

  test('nor if the guest has been told to stand by its report', async ({ boot, expect: claim }) => {
    const guest = await boot({ bios: kernel((rom) => rom.print(PANIC).outb(0x505, 1)) })
    await guest.nextPanic()
    claim(guest.machine.runState).toBe('guest-panicked')
  })
})

test('a guest that resets itself again and again is told as such', async ({ boot, expect: claim }) => {
  const rom = new GuestRom().print('start\n').outb(0xcf9, 0x02).outb(0xcf9, 0x06).halt()
  const guest = await boot({ bios: rom.build() })
  await claim(guest.nextPanic()).rejects.toMatchObject({ reason: 'rebooting' })
  await claim(guest.nextPanic()).rejects.toThrow(/^no report: the guest has reset itself \d+ times/)
})

test('a wait in vain names the reasons, too', async ({ boot, expect: claim }) => {
  const guest = await boot({ bios: kernel((rom) => rom.outb(0x505, 1)), iobase: 0x600 })
  await claim(guest.nextPanic({ timeoutMs: 200 })).rejects.toThrow(/within 200 ms; the guest wrote to port 0x505/)
})

describe('by the command line', () => {
  const facts: BootFacts = { kernel: true, initrd: true, append: '', iobase: 0x505, events: 7, isInAcpi: true }
  const panicked = new KernelMessages()
  panicked.read(PANIC)
  const sight = { reads: 0, writes: 0, strayWrites: 0 }

  it.each<[string, Partial<BootFacts>, boolean, RegExp]>([
    ['no console', { append: 'quiet' }, true, /^nothing was printed: the command line has no console=ttyS0$/],
    ['acpi=off', { append: 'console=ttyS0 acpi=off' }, false, /^the port was never read: acpi=off/],
    ['a blacklist', { append: 'console=ttyS0 modprobe.blacklist=pvpanic' }, false, /blacklisted on the command line$/],
    ['a crash kernel', { append: 'console=ttyS0 crashkernel=64M' }, false, /add crash_kexec_post_notifiers$/],
  ])('%s', (_, other, isSilent, reason) => {
    const messages = isSilent ? new KernelMessages() : panicked
    expect(likelyReasons({ ...facts, ...other }, sight, messages, isSilent)).toEqual([expect.stringMatching(reason)])
  })

  it('an engine that does not tell of accesses leaves the driver as likely', () => {
    expect(likelyReasons(facts, undefined, panicked, false)).toEqual([expect.stringMatching(/^likely its driver/)])
  })

  it('nothing speaks for anything while all is well', () => {
    expect(likelyReasons(facts, { ...sight, reads: 1 }, new KernelMessages(), false)).toEqual([])
  })
})
