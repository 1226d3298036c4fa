// bootGuest in v86: what it waits for, what it says when that does not come, and many guests at once.

import { afterEach, describe, expect, it } from 'vitest'
import { type BootOptions, bootGuest, type Guest, GuestRom, testKernel } from '../../src/testing/index.js'

const guests: Guest[] = []
afterEach(() => Promise.all(guests.splice(0).map((guest) => guest.dispose())))
const boot = async (options: BootOptions) => {
  const guest = await bootGuest(options)
  guests.push(guest)
  return guest
}
const rom = (build: (rom: GuestRom) => GuestRom): BootOptions => ({ bios: build(new GuestRom()).build() })

describe('a multiboot kernel', () => {
  it('starts without any firmware, and tells its panic', async () => {
    const guest = await boot({ multiboot: testKernel() })
    expect(await guest.nextPanic()).toMatchObject({ event: 'panicked', value: 1 })
    expect(guest.serial.lastLines(2)).toEqual([
      'kernel: started by a multiboot loader',
      'kernel: panic: reporting it to the host',
    ])
  })

  it('starts anew at each reset', async () => {
    const guest = await boot({ multiboot: testKernel(), onPanic: 'reset', resetLimit: 2 })
    for (let boots = 0; boots < 3; boots++) await guest.nextPanic()
    expect(guest.serial.text.match(/started/g)).toHaveLength(3)
  })

  it('has its debug exit where v86 would load it from', async () => {
    const guest = await boot({ multiboot: testKernel({ debugExit: 0xf4 }), debugExit: 0xf4, onPanic: 'log' })
    expect(await guest.ended()).toEqual({ reason: 'ended', exitCode: 33 })
  })
})

describe('waiting', () => {
  it('gives each report once, in order', async () => {
    const guest = await boot({ ...rom((guest) => guest.outb(0x505, 2).outb(0x505, 1).halt()), onPanic: 'log' })
    expect((await guest.nextPanic()).event).toBe('crash-loaded')
    expect((await guest.nextPanic()).event).toBe('panicked')
    await expect(guest.nextPanic()).rejects.toMatchObject({ reason: 'halted' })
  })

  it.each<[string, BootOptions, (guest: Guest) => Promise<unknown>, string, RegExp]>([
    [
      'a report that does not come in time',
      rom((guest) => guest.print('busy\n').forever((loop) => loop.wait(1))),
      (guest) => guest.nextPanic({ timeoutMs: 100 }),
      'timeout',
      /^no report of a panic within 100 ms; its last lines:\n {2}busy$/,
    ],
    [
      'text that a halted guest will not print',
      rom((guest) => guest.halt()),
      (guest) => guest.serial.waitFor('login:'),
      'halted',
      /^no text \/login:\/: the guest halted with interrupts off; it printed nothing$/,
    ],
    [
      'an ended machine',
      { ...rom((guest) => guest.outb(0xf4, 1).halt()), debugExit: 0xf4 },
      (guest) => guest.nextPanic(),
      'ended',
      /^no report: the machine ended with exit code 3; it printed nothing$/,
    ],
  ])('for %s ends with what happened', async (_, options, wait, reason, message) => {
    const wanted = wait(await boot(options))
    await expect(wanted).rejects.toMatchObject({ name: 'GuestError', reason })
    await expect(wanted).rejects.toThrow(message)
  })

  it.each([0, 0x80000000])('for %d ms is refused', async (timeoutMs) => {
    const guest = await boot(rom((guest) => guest.halt()))
    await expect(guest.ended({ timeoutMs })).rejects.toThrow(/^timeoutMs: expected an integer from 1 to 0x7fffffff/)
  })

  it('ends when the guest is disposed of', async () => {
    const guest = await boot(rom((guest) => guest.forever((loop) => loop.wait(1))))
    const told = expect(guest.nextPanic()).rejects.toMatchObject({ reason: 'disposed' })
    await guest.dispose()
    await told
  })
})

it('types on COM1', async () => {
  const echo = rom((guest) =>
    guest
      .assembly((assembler) => assembler.mov('dx', 0x3fd).label('empty').in('al', 'dx').test('al', 1).jz('empty'))
      .inb(0x3f8)
      .printHex()
      .halt(),
  )
  const guest = await boot(echo)
  guest.send('é')
  await guest.serial.waitFor('e9')
})

it('twenty guests side by side each report their own panic', async () => {
  const iobases = Array.from({ length: 20 }, (_, index) => 0x600 + index)
  const all = await Promise.all(iobases.map((iobase) => boot({ iobase })))
  await Promise.all(all.map((guest) => guest.nextPanic()))
  for (const [index, guest] of all.entries()) {
    expect(guest.machine.panics.total).toBe(1)
    expect(guest.serial.lastLines(1)).toEqual([`guest: panic, writing 1 to port 0x${(0x600 + index).toString(16)}`])
  }
})

describe('refused is', () => {
  it.each<[string, BootOptions, RegExp]>([
    ['an unknown engine', { engine: 'bochs' as 'v86' }, /^engine: expected one of v86, qemu, got "bochs"/],
    ['an option of QEMU', { qemuArguments: ['-smp', '2'] }, /^qemuArguments: engine 'v86' has no such option/],
    ['an option of v86', { engine: 'qemu', dma: true }, /^dma: engine 'qemu' has no such option/],
    ['a QEMU version for a QEMU', { engine: 'qemu', qemu: '7.2' }, /^qemu: engine 'qemu' has no such option/],
    ['a port that is none', { iobase: 0x10000 }, /0x10000|65536/],
    ['a QEMU that is not there', { engine: 'qemu', qemuProgram: '/nowhere/qemu' }, /apt-get install qemu-system-x86/],
  ])('%s', async (_, options, message) => {
    await expect(bootGuest(options)).rejects.toThrow(message)
  })

  it('a signal that was aborted before', async () => {
    await expect(bootGuest({ signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' })
  })
})
