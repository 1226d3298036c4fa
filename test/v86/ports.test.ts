// Which of the guest's port accesses reach the machine, and what they give.

import { describe, expect, it, test } from 'vitest'
import { I8257 } from '../../src/devices/i8257.js'
import { builtinGuest, GuestRom } from '../../src/testing/index.js'
import { attach, createEmulator, destroyEmulator } from '../../src/v86/index.js'
import { atRest, boot, type Guest, prepare, until } from './guest.js'

const EAX = 0

describe('the guest finds the device where iobase says', () => {
  test.each([0x505, 0x600, 0, 0xffff])('0x%x', async (iobase) => {
    const guest = await boot(new GuestRom().inb(iobase).printHex().outb(iobase, 1).halt(), { iobase, events: 3 })
    expect(guest.serial()).toBe('03')
    expect(guest.machine.runState).toBe('guest-panicked')
  })

  it('and nowhere with null', async () => {
    const guest = await boot(new GuestRom().inb(0x505).printHex().outb(0x505, 1).print('.').halt(), { iobase: null })
    expect(guest.serial()).toBe('ff.')
  })
})

// Recorded on QEMU 7.2 with ioport=iobase, events=3.
describe('a wide access', () => {
  const reads: [iobase: number, width: 'w' | 'l', port: number, value: number][] = [
    [0x505, 'w', 0x505, 0x0303],
    [0x505, 'l', 0x505, 0x03030303],
    [0x505, 'w', 0x504, 0xffff],
    [0x505, 'l', 0x502, 0xffffffff],
    [0x506, 'w', 0x505, 0x03ff],
    [0x506, 'l', 0x505, 0xff0303ff],
    [0x506, 'l', 0x503, 0x03ffffff],
    [0x506, 'l', 0x504, 0xffffffff],
    [0x508, 'l', 0x506, 0x0303ffff],
  ]
  test.each(reads)('with pvpanic at 0x%x: in%s 0x%x gives 0x%x', async (iobase, width, port, value) => {
    const program = width === 'w' ? new GuestRom().inw(port) : new GuestRom().inl(port)
    const guest = await boot(program.halt(), { iobase, events: 3 })
    const eax = (guest.cpu.reg32[EAX] ?? 0) >>> 0
    expect(width === 'w' ? eax & 0xffff : eax).toBe(value)
  })

  const writes: [width: 'w' | 'l', port: number, value: number, events: string[]][] = [
    ['w', 0x505, 0x0100, ['GUEST_PANICKED']],
    ['w', 0x505, 0x0201, ['GUEST_PANICKED', 'GUEST_CRASHLOADED']],
    ['w', 0x505, 0x0102, ['GUEST_CRASHLOADED', 'GUEST_PANICKED']],
    ['l', 0x505, 0x01010101, ['GUEST_PANICKED', 'GUEST_PANICKED', 'GUEST_PANICKED', 'GUEST_PANICKED']],
    ['l', 0x505, 0x01020001, ['GUEST_PANICKED', 'GUEST_CRASHLOADED', 'GUEST_PANICKED']],
    ['w', 0x504, 0x0101, []],
    ['l', 0x502, 0x01010101, []],
  ]
  test.each(writes)('out%s 0x%x, 0x%x reports %j', async (width, port, value, events) => {
    const program = width === 'w' ? new GuestRom().outw(port, value) : new GuestRom().outl(port, value)
    const guest = await boot(program.halt(), { onPanic: 'log' })
    expect(guest.events()).toEqual(events)
  })
})

describe('pvpanic at port 0', () => {
  it("hides the DMA controller's first port and no other", async () => {
    const guest = await boot(
      new GuestRom()
        .outb(0x0c, 0)
        .outb(0x04, 0x34)
        .outb(0x04, 0x12)
        .outb(0x0c, 0)
        .inb(0x04)
        .printHex()
        .inb(0x04)
        .printHex()
        .inb(0x00)
        .printHex()
        .halt(),
      { iobase: 0, events: 3 },
    )
    expect(guest.serial()).toBe('341203')
  })

  it('takes a guest that programs channel 0 for a panicking one', async () => {
    const guest = await boot(
      new GuestRom().programDma({ channel: 0, address: 0x1001, length: 16, transfer: 'to-memory' }).halt(),
      { iobase: 0 },
    )
    expect(guest.machine.panics.entries().map(({ event, value }) => [event, value])).toEqual([['panicked', 1]])
  })

  it('is found by the built-in guest, whose DMA program for the floppy passes it by', async () => {
    const emulator = await createEmulator({ bios: builtinGuest({ iobase: 0 }) })
    const machine = attach(emulator, { iobase: 0 })
    const stopped = new Promise<void>((resolve) => machine.on('STOP', () => resolve()))
    emulator.run()
    await stopped
    expect(machine.panics.total).toBe(1)
    await destroyEmulator(emulator)
  })
})

describe('the DMA controllers', () => {
  const program = () => new GuestRom().programDma({ channel: 2, address: 0x21000, length: 4, transfer: 'to-memory' })

  it("are v86's own unless asked for", async () => {
    const guest = await boot(program().halt())
    expect(guest.machine.dma[0].save()).toEqual(new I8257().save())
  })

  it("are the machine's with dma: true, page registers included", async () => {
    const guest = await boot(program().outb(0xd4, 0x01).inb(0x81).printHex().halt(), { dma: true })
    expect(guest.machine.dma[0].save().channels[2]).toMatchObject({ baseAddress: 0x1000, baseCount: 3, page: 2 })
    expect(guest.machine.dma[1].save().mask).toBe(0xfd)
    expect(guest.serial()).toBe('02')
  })

  it("bring a device's data into the guest's memory", async () => {
    const guest = await boot(
      program()
        .outb(0x505, 1)
        .assembly((assembler) => {
          assembler.mov('ax', 0x2000).mov('ds', 'ax').mov('si', 0x1000).mov('dx', 0x3f8).mov('cx', 4)
          assembler.label('next').lodsb().out('dx', 'al').loop('next')
        })
        .halt(),
      { dma: true },
    )
    const [primary] = guest.machine.dma
    primary.connect(2, (position, length) => {
      primary.writeMemory(2, Buffer.from('DATA'), position)
      return length
    })
    primary.raiseRequest(2)
    guest.machine.cont()
    await expect.poll(guest.serial).toBe('DATA')
  })

  it("bring the guest's memory to a device, and 0xff from where there is none", async () => {
    const atEndOfMemory = 0xffffe
    const guest = await boot(
      new GuestRom().programDma({ channel: 1, address: atEndOfMemory, length: 2, transfer: 'from-memory' }).halt(),
      { dma: true },
    )
    const [primary] = guest.machine.dma
    const received = new Uint8Array(4)
    primary.connect(1, (position, length) => {
      primary.readMemory(1, received, position)
      return length
    })
    primary.raiseRequest(1)
    // The ROM's last two bytes are its filler.
    expect([...received]).toEqual([0xf4, 0xf4, 0xff, 0xff])
  })
})

test('debugExit ends the machine with the exit code that the guest chose', async () => {
  const guest = await boot(new GuestRom().outl(0xf4, 0x10).print('not reached').halt(), { debugExit: 0xf4 })
  expect([guest.machine.runState, guest.machine.exitCode, guest.serial()]).toEqual(['shutdown', 33, ''])
})

describe("the embedder's own devices on machine.bus", () => {
  const PORT = 0x700
  const register = (value: number) => ({
    name: 'register',
    written: [] as number[],
    read8: () => value,
    write8(_offset: number, byte: number) {
      this.written.push(byte)
    },
  })
  /** Writes 0x55 to a port and prints what it reads there, again and again. */
  const poll = (port: number) => new GuestRom().forever((rom) => rom.outb(port, 0x55).inb(port).printHex())
  const goOnUntil = (guest: Guest, text: string) => {
    const from = guest.serial().length
    return until(() => guest.serial().slice(from).includes(text))
  }

  it('are seen from the moment they are mapped, where they are moved, until they are unmapped', async () => {
    const guest = await prepare(poll(PORT))
    guest.emulator.run()
    await goOnUntil(guest, 'ffff')
    const device = register(0xa1)
    const mapping = guest.machine.bus.map(PORT, 1, device)
    await goOnUntil(guest, 'a1a1')
    expect(device.written[0]).toBe(0x55)
    mapping.move(PORT + 4)
    await goOnUntil(guest, 'ffff')
    mapping.move(PORT)
    await goOnUntil(guest, 'a1a1')
    mapping.unmap()
    const { length } = device.written
    await goOnUntil(guest, 'ffff')
    expect(device.written).toHaveLength(length)
  })

  it("cover v86's own, which come back", async () => {
    const PIT_SPEAKER = 0x61
    const guest = await prepare(new GuestRom().forever((rom) => rom.inb(PIT_SPEAKER).printHex()))
    const mapping = guest.machine.bus.map(PIT_SPEAKER, 1, register(0xa1))
    guest.emulator.run()
    await goOnUntil(guest, 'a1a1')
    mapping.unmap()
    const from = guest.serial().length
    await until(() => guest.serial().length > from + 200)
    expect(guest.serial().slice(-100)).not.toContain('a1a1')
    expect(guest.serial().slice(-100)).not.toMatch(/ffff/)
  })

  it('can take a port while the guest is within its access', async () => {
    const guest = await prepare(poll(PORT))
    const late = register(0xb2)
    guest.machine.bus.map(PORT, 1, { ...register(0), write8: () => void guest.machine.bus.map(PORT, 1, late) })
    guest.emulator.run()
    await goOnUntil(guest, 'b2b2')
    expect(late.written[0]).toBe(0x55)
  })

  it('get wide accesses whole, and those that begin below them', async () => {
    const words: string[] = []
    const wide = {
      ...register(0),
      read32: (offset: number) => 0x11223344 + offset,
      write16: (offset: number, value: number) => void words.push(`${offset}=${value.toString(16)}`),
    }
    const rom = new GuestRom()
      .inl(PORT)
      .outw(PORT + 2, 0x1234)
      .outl(PORT - 2, 0xabcd0000)
      .halt()
    const guest = await prepare(rom)
    guest.machine.bus.map(PORT, 4, wide)
    guest.emulator.run()
    await atRest(guest)
    expect(guest.cpu.reg32[EAX]).toBe(0xabcd0000 | 0)
    expect(words).toEqual(['2=1234', '0=abcd'])
  })

  it('can take the place of pvpanic, and be taken away', async () => {
    const guest = await prepare(new GuestRom().inb(0x505).printHex().outb(0x505, 1).print('.').outb(0x505, 1).halt())
    const mapping = guest.machine.bus.map(0x505, 1, { ...register(0xc3), write8: () => mapping.unmap() })
    guest.emulator.run()
    await atRest(guest)
    expect(guest.serial()).toBe('c3.')
    expect(guest.machine.runState).toBe('guest-panicked')
  })
})
