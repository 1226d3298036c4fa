// What a reset brings back in v86: images that v86 itself had put into memory.

import { expect, it } from 'vitest'
import { GuestRom } from '../../src/testing/index.js'
import { type Guest, prepare, until } from './guest.js'

/** Where v86 puts a kernel's command line; a segment of real mode begins there. */
const COMMAND_LINE_SEGMENT = 0x8e00
const SETUP_SECTORS = 1

/** The least that v86 takes for a Linux kernel, by the header of Linux's x86 boot protocol. */
function kernelImage(): ArrayBuffer {
  const image = new DataView(new ArrayBuffer(512 * (1 + SETUP_SECTORS) + 16))
  image.setUint8(0x1f1, SETUP_SECTORS)
  image.setUint16(0x1fe, 0xaa55, true)
  image.setUint32(0x202, 0x53726448, true) // HdrS
  image.setUint16(0x206, 0x020f, true) // protocol 2.15
  image.setUint8(0x211, 1) // loaded high
  image.setUint32(0x238, 255, true) // longest command line
  return image.buffer
}

/** Firmware that prints the first byte of the command line, overwrites it, and goes on to `then`. */
function spoilsItsCommandLine(then: (rom: GuestRom) => GuestRom): GuestRom {
  const rom = new GuestRom().assembly((assembler) =>
    assembler.mov('ax', COMMAND_LINE_SEGMENT).mov('ds', 'ax').mov('es', 'ax').mov('si', 0).mov('di', 0).lodsb(),
  )
  return then(rom.printHex().assembly((assembler) => assembler.mov('al', 0).stosb().mov('ax', 'cs').mov('ds', 'ax')))
}

const withKernel = { memory_size: 2 << 20, bzimage: { buffer: kernelImage() }, cmdline: 'A=1' }
const stopAtReset = (guest: Guest, count: number) => {
  let resets = 0
  guest.machine.on('RESET', () => {
    if (++resets === count) guest.machine.stop()
  })
}

it('a kernel is in memory again when its guest has reset itself', async () => {
  const guest = await prepare(
    spoilsItsCommandLine((rom) => rom.outb(0x64, 0xfe).halt()),
    {},
    withKernel,
  )
  stopAtReset(guest, 3)
  guest.emulator.run()
  await until(() => guest.machine.runState === 'paused')
  expect(guest.serial()).toBe('414141')
})

it('a kernel is in memory again when its guest was reset after a panic', async () => {
  const panics = spoilsItsCommandLine((rom) => rom.outb(0x505, 1).halt())
  const guest = await prepare(panics, { onPanic: 'reset', resetLimit: 2 }, withKernel)
  guest.emulator.run()
  await until(() => guest.machine.runState === 'guest-panicked')
  expect(guest.serial()).toBe('414141')
})

it('memory of a guest without such images stays as it was, as with QEMU', async () => {
  const guest = await prepare(spoilsItsCommandLine((rom) => rom.outb(0x64, 0xfe).halt()))
  stopAtReset(guest, 2)
  guest.emulator.run()
  await until(() => guest.serial().length === 4)
  guest.cpu.mem8[0x8f000] = 0x5a
  guest.machine.reset()
  expect(guest.cpu.mem8[0x8f000]).toBe(0x5a)
})
