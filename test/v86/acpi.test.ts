// ACPI and fw_cfg in v86: what an operating system needs to find the device, keep it, and power itself off.

import { describe, expect, it, test } from 'vitest'
import { GuestRom } from '../../src/testing/index.js'
import { createEmulator, destroyEmulator } from '../../src/v86/index.js'
import { boot, listenToSerial, prepare, until } from './guest.js'

const GPE_STATUS = 0xafe0
const PM1_CONTROL = 0xb004
const SLEEP_ENABLE = 0x2000
const acpi = { acpi: true } as const

/** Prints what the status byte reads as after 1s have been written to it twice: first to have something to clear. */
const clearEvents = () =>
  new GuestRom()
    .outb(GPE_STATUS, 0xff)
    .inb(GPE_STATUS)
    .printHex()
    .outb(GPE_STATUS + 1, 0xff)
    .inb(GPE_STATUS + 1)
    .printHex()
    .halt()

// When this fails, v86 has been mended and mendAcpi() has become needless.
test('v86 by itself keeps written GPE status bits', async () => {
  const emulator = await createEmulator({ bios: clearEvents().build(), v86: acpi })
  const serial = listenToSerial(emulator)
  emulator.run()
  await until(() => serial().length === 4)
  await destroyEmulator(emulator)
  expect(serial()).toBe('ffff')
})

describe('general purpose events', () => {
  it('are cleared by a written 1', async () => {
    const guest = await boot(clearEvents(), {}, acpi)
    expect(guest.serial()).toBe('0000')
  })

  it('are pending until then, and those of a written 0 stay so', async () => {
    const guest = await prepare(new GuestRom().outb(GPE_STATUS, 0x05).inb(GPE_STATUS).printHex().halt(), {}, acpi)
    guest.cpu.devices.acpi?.gpe.set([0x0f])
    guest.emulator.run()
    await until(() => guest.serial().length === 2)
    expect(guest.serial()).toBe('0a')
  })
})

test('the hotplug ports say that nothing was plugged or pulled, and that there is one processor', async () => {
  const pci = [0xae00, 0xae04, 0xae08, 0xae0c]
  const rom = new GuestRom()
  for (const port of pci) rom.inb(port).printHex().inl(port).printHex()
  for (const port of [0xaf00, 0xaf01, 0xaf1f]) rom.inb(port).printHex()
  const guest = await boot(rom.halt(), {}, acpi)
  expect(guest.serial()).toBe(`${'0000'.repeat(pci.length)}010000`)
})

describe('where SeaBIOS moves the power management registers when fw_cfg has tables', () => {
  const MOVED_PM1_CONTROL = 0x604
  const powerOff = () => new GuestRom().outw(MOVED_PM1_CONTROL, SLEEP_ENABLE).print('still on').halt()

  it('they answer too', async () => {
    const options = { fwCfgFiles: [{ name: 'etc/table-loader', data: new Uint8Array(128) }] }
    const guest = await boot(powerOff(), options, acpi)
    expect([guest.machine.runState, guest.serial()]).toEqual(['shutdown', ''])
  })

  it('nothing answers without tables', async () => {
    const guest = await boot(powerOff(), {}, acpi)
    expect(guest.serial()).toBe('still on')
  })
})

describe('a guest that asks ACPI for', () => {
  it('power off ends the machine', async () => {
    const guest = await boot(new GuestRom().outw(PM1_CONTROL, SLEEP_ENABLE).print('still on').halt(), {}, acpi)
    expect([guest.machine.runState, guest.machine.exitCode, guest.serial()]).toEqual(['shutdown', 0, ''])
    expect(guest.events()).toEqual(['SHUTDOWN'])
  })

  it('power off is kept with shutdownAction pause', async () => {
    const options = { shutdownAction: 'pause' } as const
    const guest = await boot(new GuestRom().outw(PM1_CONTROL, SLEEP_ENABLE).print('still on').halt(), options, acpi)
    expect([guest.machine.runState, guest.machine.exitCode, guest.serial()]).toEqual(['shutdown', undefined, ''])
  })

  it.each([
    ['suspend to RAM', SLEEP_ENABLE | 0x0400],
    ['a sleep type without sleep', 0x0001],
  ])('%s goes on', async (_, value) => {
    const guest = await boot(new GuestRom().outw(PM1_CONTROL, value).print('still on').halt(), {}, acpi)
    expect([guest.machine.runState, guest.serial()]).toEqual(['running', 'still on'])
  })
})

describe('fw_cfg', () => {
  const SELECTOR = 0x510
  const DATA = 0x511
  const FILE_DIRECTORY = 0x19
  const FIRST_FILE = 0xc000
  const read = (selector: number, count: number) =>
    new GuestRom()
      .outw(SELECTOR, selector)
      .repeat(count, (rom) => rom.inb(DATA).printHex())
      .halt()

  it.each([0x505, 0x600, 0])('tells the firmware of the device at port 0x%s', async (iobase) => {
    const guest = await boot(read(FIRST_FILE, 2), { iobase })
    expect(guest.serial()).toBe(Buffer.from([iobase & 0xff, iobase >> 8]).toString('hex'))
  })

  it('lists the file as the specification of fw_cfg has it: big endian, the name in 56 bytes', async () => {
    const guest = await boot(read(FILE_DIRECTORY, 4 + 64))
    const name = Buffer.alloc(56)
    name.write('etc/pvpanic-port')
    expect(guest.serial()).toBe(`00000001${'00000002'}${'c000'}${'0000'}${name.toString('hex')}`)
  })

  it('lists nothing without a device', async () => {
    const guest = await boot(read(FILE_DIRECTORY, 4), { iobase: null })
    expect(guest.serial()).toBe('00000000')
  })

  it('has further files', async () => {
    const guest = await boot(read(FIRST_FILE + 1, 3), { fwCfgFiles: [{ name: 'opt/x', data: Uint8Array.of(1, 2, 3) }] })
    expect(guest.serial()).toBe('010203')
  })

  it.each([
    ['etc/pvpanic-port', /duplicate fw_cfg file name: etc\/pvpanic-port/],
    ['x'.repeat(56), /at most 55 characters/],
  ])('refuses a file named %s', async (name, message) => {
    await expect(prepare(new GuestRom(), { fwCfgFiles: [{ name, data: new Uint8Array() }] })).rejects.toThrow(message)
  })
})
