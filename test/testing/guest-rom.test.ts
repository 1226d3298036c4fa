import { describe, expect, test } from 'vitest'
import { AssemblyError, builtinGuest, GuestRom } from '../../src/testing/index.js'

describe('the image', () => {
  test.each([64, 512, 0x10000])('has %i bytes and a far jump to the program at its reset vector', (size) => {
    const image = new GuestRom(size).outb(0x505, 1).halt().build()
    const vector = new DataView(image.buffer, size - 16)
    expect(image).toHaveLength(size)
    expect([vector.getUint8(0), vector.getUint16(1, true), vector.getUint16(3, true)]).toEqual([
      0xea,
      0x10000 - size,
      0xf000,
    ])
  })

  test('is the same however often it is built', () => {
    const guest = new GuestRom(64).halt()
    expect(guest.build()).toEqual(guest.build())
  })

  test('holds a text once, however often it is printed', () => {
    const image = new GuestRom(256).print('twice').print('twice').build()
    expect(Buffer.from(image).toString('latin1').split('twice')).toHaveLength(2)
  })
})

describe('wrong use is refused', () => {
  const wrong: [why: string, act: () => unknown, message: RegExp][] = [
    ['a ROM of no size', () => new GuestRom(0), /ROM size 0: allowed are multiples of 16 from 32 to 65536/],
    ['a ROM that is not a multiple of 16', () => new GuestRom(100), /ROM size 100/],
    ['a ROM past its segment', () => new GuestRom(0x20000), /ROM size 131072/],
    [
      'a guest too long for its ROM',
      () => new GuestRom(32).print('a long text').build(),
      /bytes too long for its ROM of 32/,
    ],
    [
      'a step after the ROM was built',
      () => {
        const guest = new GuestRom(64)
        guest.build()
        guest.halt()
      },
      /takes no more steps/,
    ],
    ['a text with a NUL', () => new GuestRom().print('a\0b'), /NUL/],
    ['a port past 0xffff', () => new GuestRom().inb(0x10000), /65536 is out of range/],
    ['a negative port', () => new GuestRom().outb(-1, 0), /-1 is out of range/],
    ['a value wider than the access', () => new GuestRom().outb(0x505, 0x101), /257 is out of range/],
    ['no repetition', () => new GuestRom().repeat(0, () => {}), /repeat 0 times: allowed is 1\.\.0xffff/],
    [
      'a DMA past 16 MiB',
      () => new GuestRom().programDma({ channel: 0, address: 0x1000000, length: 1, transfer: 'verify' }),
      /DMA of 1 bytes at 16777216/,
    ],
    [
      'a DMA across a page',
      () => new GuestRom().programDma({ channel: 2, address: 0xffff, length: 2, transfer: 'to-memory' }),
      /DMA of 2 bytes at 65535 crosses a 64 KiB page/,
    ],
    ['a built-in guest for no port', () => builtinGuest({ iobase: 70000 }), /70000 is out of range/],
  ]
  test.each(wrong)('%s', (_, act, message) => {
    expect(act).toThrow(message)
  })

  test('as an AssemblyError when it is the program that is wrong', () => {
    expect(() => new GuestRom().assembly((assembler) => assembler.jmp('nowhere')).build()).toThrow(AssemblyError)
  })
})
