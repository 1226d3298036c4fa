// The DMA controllers, register by register and then moving data; values as QEMU 7.2 answers.

import { beforeEach, describe, expect, it, vi } from 'vitest'
import { type DmaMemory, I8257, I8257_PRIMARY, I8257_SECONDARY, IoPortBus } from '../../src/index.js'

class Ram implements DmaMemory {
  readonly bytes = new Uint8Array(0x40000)
  read(address: number, into: Uint8Array): void {
    into.set(this.bytes.subarray(address, address + into.length))
  }
  write(address: number, from: Uint8Array): void {
    this.bytes.set(from, address)
  }
}

let ram: Ram
let bus: IoPortBus
let primary: I8257
let secondary: I8257
beforeEach(() => {
  ram = new Ram()
  bus = new IoPortBus()
  primary = new I8257(I8257_PRIMARY, ram)
  secondary = new I8257(I8257_SECONDARY, ram)
  for (const controller of [primary, secondary]) controller.attach(bus)
})

/** Clears the flip-flop, then writes the bytes to a port. */
const program = (port: number, ...bytes: number[]) => {
  bus.outb(0x0c, 0)
  for (const byte of bytes) bus.outb(port, byte)
}
const readWord = (port: number) => {
  bus.outb(0x0c, 0)
  return bus.inb(port) | (bus.inb(port) << 8)
}

describe('at power-on', () => {
  it.each([
    ['inb', 0x09, 0xff],
    ['inb', 0xd2, 0xff],
    ['inw', 0x08, 0xff00],
    ['inl', 0xd0, 0xffff0000],
    ['inb', 0x08, 0],
    ['inb', 0x87, 0],
  ] as const)('%s %x reads %x', (read, port, value) => {
    expect(bus[read](port)).toBe(value)
  })
})

describe('addresses and counts', () => {
  it.each([0, 1, 2, 3])('channel %i reads back what was written, low byte first', (channel) => {
    program(2 * channel, 0x34, 0x12)
    program(2 * channel + 1, 0x78, 0x56)
    expect([readWord(2 * channel), readWord(2 * channel + 1)]).toEqual([0x1234, 0x5678])
  })

  it('show an address only after its high byte, a count at once', () => {
    program(0x00, 0x34)
    program(0x01, 0x78)
    expect([readWord(0x00), readWord(0x01)]).toEqual([0, 0x78])
  })

  it('share one flip-flop between channels, reads and writes', () => {
    bus.outb(0x0c, 0)
    bus.outb(0x00, 0x11)
    bus.outb(0x02, 0x22)
    expect(readWord(0x02)).toBe(0x2200)
    bus.outb(0x0c, 0)
    bus.inb(0x04)
    bus.outb(0x04, 0x33)
    expect(readWord(0x04)).toBe(0x3300)
  })

  it('keep the flip-flop as it is when register 0xc is read', () => {
    bus.outb(0x0c, 0)
    bus.outb(0x00, 0x34)
    bus.inb(0x0c)
    bus.outb(0x00, 0x12)
    expect(readWord(0x00)).toBe(0x1234)
  })

  it('take a word on the primary as the low byte of one register and the high byte of the next', () => {
    bus.outb(0x0c, 0)
    bus.outw(0x00, 0xbbaa)
    expect([readWord(0x00), readWord(0x01)]).toEqual([0x00aa, 0xbb00])
  })

  it('take a word on the secondary as both bytes of one register', () => {
    bus.outb(0xd8, 0)
    bus.outw(0xc0, 0xbbaa)
    expect(bus.inw(0xc0)).toBe(0xbbaa)
    expect([bus.inb(0xc1), bus.inb(0xc0)]).toEqual([0xaa, 0xbb])
  })
})

describe('control registers', () => {
  it.each([
    ['single mask clears its bit alone', [[0x0a, 0], [0x0a, 1], [0x0a, 2], [0x0a, 3]], 0xf0], // biome-ignore format: pairs
    [
      'single mask sets its bit',
      [
        [0x0e, 0],
        [0x0a, 6],
      ],
      0x04,
    ],
    ['all-mask keeps 8 bits', [[0x0f, 0xa5]], 0xa5],
    ['clear mask', [[0x0e, 0]], 0],
    [
      'word to 9: request, then single mask',
      [
        [0x0e, 0],
        [0x09, 6],
        [0x0a, 4],
      ],
      0x01,
    ],
  ] as const)('%s', (_, writes, mask) => {
    for (const [port, value] of writes) bus.outb(port, value)
    expect(bus.inb(0x09)).toBe(mask)
  })

  it('a software request shows in the status until it is cleared, and touches no register without a device', () => {
    program(0x01, 0x78, 0x56)
    bus.outb(0x0a, 1)
    bus.outb(0x09, 5)
    expect([bus.inb(0x08), bus.inb(0x08), readWord(0x01)]).toEqual([0x20, 0x20, 0x5678])
    bus.outb(0x09, 1)
    expect(bus.inb(0x08)).toBe(0)
  })

  it.each([0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f])('register %x reads 0', (port) => {
    bus.outb(port, 0xff)
    expect(bus.inb(port)).toBe(0)
  })

  it.each(['master clear', 'reset'] as const)('%s spares addresses, counts and pages', (how) => {
    program(0x02, 0x34, 0x12)
    bus.outb(0x83, 0x56)
    bus.outb(0x0e, 0)
    bus.outb(0x09, 5)
    bus.outb(0x02, 0x99)
    if (how === 'reset') primary.reset()
    else bus.outb(0x0d, 0)
    expect([bus.inb(0x08), bus.inb(0x09), bus.inb(0x83)]).toEqual([0, 0xff, 0x56])
    expect(bus.inb(0x02) | (bus.inb(0x02) << 8)).toBe(0x1234)
  })
})

describe('page registers', () => {
  it('read back what was written where there is one, and 0xff elsewhere', () => {
    for (let port = 0x80; port <= 0x8f; port++) bus.outb(port, port)
    const values = Array.from({ length: 16 }, (_, index) => bus.inb(0x80 + index))
    expect(values.map((value, index) => (value === 0x80 + index ? index : value)).join(' ')).toBe(
      '255 1 2 3 255 255 255 7 255 9 10 11 255 255 255 15',
    )
  })

  it.each([
    ['inw', 0x81, 0x8281],
    ['inw', 0x83, 0xff83],
    ['inw', 0x87, 0xff87],
    ['inl', 0x81, 0xffffffff],
    ['inl', 0x89, 0xffffffff],
    ['inl', 0x7f, 0x82ffffff],
    ['inl', 0x84, 0xffffffff],
    ['inw', 0x80, 0xffff],
  ] as const)('%s %x reads %x', (read, port, value) => {
    for (let page = 0x81; page <= 0x8f; page++) bus.outb(page, page)
    expect(bus[read](port)).toBe(value)
  })

  it('take words but no doublewords', () => {
    bus.outl(0x81, 0xffffffff)
    bus.outw(0x82, 0x3322)
    expect([0x81, 0x82, 0x83].map((port) => bus.inb(port))).toEqual([0, 0x22, 0x33])
  })
})

describe('a transfer', () => {
  const MODE_WRITE = 0x44 // device to memory
  const MODE_VERIFY = 0x40
  const DECREMENT = 0x20
  const sector = Uint8Array.from({ length: 512 }, (_, index) => (index * 7 + 1) & 0xff)

  /** A device on channel 2 that stores one sector and then drops its request. */
  function floppy(controller = primary, channel = 2) {
    controller.connect(channel, (position, length) => {
      const size = Math.min(sector.length - position, length - position)
      controller.writeMemory(channel, sector.subarray(position, position + size), position)
      controller.dropRequest(channel)
      return position + size
    })
  }
  const setUp = (mode: number, address: number, length: number, page = 1) => {
    program(0x04, address & 0xff, address >> 8)
    program(0x05, (length - 1) & 0xff, (length - 1) >> 8)
    bus.outb(0x81, page)
    bus.outb(0x0b, mode | 2)
  }

  it('stores at the page and address; then terminal count shows once, the count reads 0xffff, the mask stays clear', () => {
    floppy()
    setUp(MODE_WRITE, 0x2000, 512)
    bus.outb(0x0a, 2)
    primary.raiseRequest(2)
    expect(ram.bytes.subarray(0x12000, 0x12200)).toEqual(sector)
    expect([bus.inb(0x08), bus.inb(0x08), bus.inb(0x09) & 4]).toEqual([4, 0, 0])
    expect([readWord(0x04), readWord(0x05)]).toEqual([0x2200, 0xffff])
  })

  it('waits while its channel is masked, the request showing in the status', () => {
    floppy()
    setUp(MODE_WRITE, 0x2000, 512)
    primary.raiseRequest(2)
    expect([bus.inb(0x08), ram.bytes[0x12000]]).toEqual([0x40, 0])
    bus.outb(0x0a, 2)
    expect([bus.inb(0x08), ram.bytes[0x12000]]).toEqual([4, 1])
  })

  it('ends below its address when decrementing, each block in ascending order', () => {
    floppy()
    setUp(MODE_WRITE | DECREMENT, 0x2000, 512)
    bus.outb(0x0a, 2)
    primary.raiseRequest(2)
    expect(ram.bytes.subarray(0x11e00, 0x12000)).toEqual(sector)
    expect(readWord(0x04)).toBe(0x1e00)
  })

  it('runs across 64 KiB without wrapping, while the address reads back modulo 64 KiB', () => {
    floppy()
    setUp(MODE_WRITE, 0xff00, 512)
    bus.outb(0x0a, 2)
    primary.raiseRequest(2)
    expect(ram.bytes.subarray(0x1ff00, 0x20100)).toEqual(sector)
    expect(readWord(0x04)).toBe(0x0100)
  })

  it('to verify moves the registers and no memory', () => {
    floppy()
    setUp(MODE_VERIFY, 0x2000, 512)
    bus.outb(0x0a, 2)
    primary.raiseRequest(2)
    expect([bus.inb(0x08), readWord(0x05), ram.bytes[0x12000]]).toEqual([4, 0xffff, 0])
  })

  it('can go on where it stood', () => {
    const moved: number[] = []
    primary.connect(2, (position, length) => {
      moved.push(position)
      return Math.min(position + 200, length)
    })
    setUp(MODE_WRITE, 0x2000, 512)
    bus.outb(0x0a, 2)
    primary.raiseRequest(2)
    expect([moved.length, readWord(0x05)]).toEqual([1, 511 - 200])
    primary.run()
    primary.run()
    expect(moved).toEqual([0, 200, 400])
    expect(bus.inb(0x08)).toBe(0x44)
  })

  it('reads memory for the device; decrementing, the upper half twice, as QEMU does', () => {
    ram.bytes.set(sector, 0x12000)
    const got = new Uint8Array(512)
    primary.connect(2, (position, length) => {
      primary.readMemory(2, got, position)
      return length
    })
    setUp(0x48, 0x2000, 512)
    bus.outb(0x0a, 2)
    primary.raiseRequest(2)
    expect(got).toEqual(sector)
    setUp(0x48 | DECREMENT, 0x2200, 512)
    primary.run()
    const upper = sector.subarray(256)
    expect(got).toEqual(Uint8Array.of(...upper.toReversed(), ...upper))
  })

  it('on the secondary counts in 16-bit units: address times 2, length times 2', () => {
    floppy(secondary, 1)
    bus.outb(0xd8, 0)
    bus.outw(0xc4, 0x1000)
    bus.outw(0xc6, 255)
    bus.outb(0x8b, 2)
    bus.outb(0xd6, MODE_WRITE | 1)
    bus.outb(0xd4, 1)
    secondary.raiseRequest(1)
    expect(ram.bytes.subarray(0x22000, 0x22200)).toEqual(sector)
    expect([bus.inw(0xc4), bus.inw(0xc6), bus.inb(0xd0)]).toEqual([0x1100, 0xffff, 2])
  })

  it('asks requested channels once each, lowest first, even if a handler raises its request again', () => {
    const asked: number[] = []
    for (const channel of [3, 1]) {
      primary.connect(channel, (position) => {
        asked.push(channel)
        primary.raiseRequest(channel)
        return position
      })
    }
    primary.raiseRequest(3)
    primary.raiseRequest(1)
    bus.outb(0x0e, 0)
    expect(asked).toEqual([1, 3])
  })

  it('asks a channel that another one requests, after the rest', () => {
    const asked: number[] = []
    primary.connect(2, (position) => {
      asked.push(2)
      primary.raiseRequest(0)
      return position
    })
    for (const channel of [0, 3]) {
      primary.connect(channel, (position, length) => {
        asked.push(channel)
        return position < length ? length : position
      })
    }
    primary.raiseRequest(3)
    primary.raiseRequest(2)
    bus.outb(0x0e, 0)
    expect(asked).toEqual([2, 3, 0])
    expect(bus.inb(0x08) & 0x0f).toBe(0x09) // channels 0 and 3 have reached terminal count
  })

  it('begins at its end where the guest has made it shorter than what is done', () => {
    const asked: [position: number, length: number][] = []
    primary.connect(2, (position, length) => {
      asked.push([position, length])
      return Math.min(position + 200, length)
    })
    program(0x05, 0xff, 0x00)
    bus.outb(0x0a, 2)
    primary.raiseRequest(2)
    program(0x05, 0x0f) // the low byte alone does not start the transfer anew
    primary.run()
    expect(asked).toEqual([
      [0, 256],
      [16, 16],
    ])
    expect(primary.read8(8) & 4).toBe(4)
  })

  it('begins at its end in a loaded state that has done more than its length', () => {
    const handler = vi.fn((_: number, length: number) => length)
    primary.connect(2, handler)
    const state = primary.save()
    const channels = state.channels.map((channel) => ({ ...channel, position: 0x10000 }))
    primary.load({ ...state, mask: 0, channels })
    primary.raiseRequest(2)
    expect(handler.mock.calls).toEqual([[1, 1]])
  })

  it.each([Number.NaN, -1, 0.5, 11, Number.POSITIVE_INFINITY, undefined])(
    'whose handler answers %d is refused by its name and stays where it was',
    (answer) => {
      primary.connect(2, () => answer as number)
      program(0x05, 9, 0)
      primary.raiseRequest(2)
      expect(() => bus.outb(0x0a, 2)).toThrow('dma1: channel 2: position: expected an integer from 0 to 0xa, got')
      expect(primary.save().channels[2]?.position).toBe(0)
      primary.connect(2, (_, length) => length)
      primary.run()
      expect(primary.read8(8) & 4).toBe(4)
    },
  )

  it('without memory reads 0xff for the device and stores nothing', () => {
    const bare = new I8257()
    const got = new Uint8Array(4)
    bare.write8(0x0b, 0x46)
    bare.readMemory(2, got, 0)
    bare.writeMemory(2, got, 0)
    expect([...got]).toEqual([0xff, 0xff, 0xff, 0xff])
  })

  it('of a channel that does not exist is refused', () => {
    expect(() => primary.connect(4, undefined)).toThrow('channel: expected an integer from 0 to 3, got 4')
    expect(() => primary.raiseRequest(-1)).toThrow(RangeError)
  })
})

it('keeps a command of the bit that QEMU accepts, and passes over others', () => {
  const controller = new I8257()
  for (const [value, kept] of [
    [0x00, 0],
    [0x04, 4],
    [0x10, 4],
    [0x14, 4],
    [0x00, 0],
  ] as const) {
    // biome-ignore format: one program
    controller.write8(8, value)
    expect(controller.save().command).toBe(kept)
  }
})

it('refuses a memory that is none by what it lacks', () => {
  const memory = { read() {} } as unknown as DmaMemory
  expect(() => new I8257(I8257_PRIMARY, memory)).toThrow(/^memory\.write\b/)
})

it('shows by name on the bus, pages apart', () => {
  const bus = new IoPortBus()
  new I8257().attach(bus)
  expect(new Set(bus.mappings().map(({ device }) => device.name))).toEqual(
    new Set([I8257_PRIMARY.name, `${I8257_PRIMARY.name} pages`]),
  )
})
