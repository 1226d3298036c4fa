// Port traces: a real boot read back, recording and replaying, and what is said of files that are none.

import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { IoPortBus } from '../../src/bus/io-port-bus.js'
import type { PortAccess } from '../../src/bus/port-tap.js'
import {
  PortTraceError,
  portTraceHeader,
  readPortTrace,
  recordPortTrace,
  replayPortTrace,
} from '../../src/bus/port-trace.js'
import { Machine } from '../../src/machine/machine.js'

/** A boot of Debian's Linux 6.1 (i386) in v86 0.5.462 under SeaBIOS, up to its panic, recorded at v86's own ports. */
const linuxBoot = gunzipSync(readFileSync(new URL('../../bench/linux-6.1-boot.trace.gz', import.meta.url)))

/** The bytes of a trace of what `act` does on `bus`. */
function record(bus: IoPortBus, act: (bus: IoPortBus) => void): Uint8Array {
  const pieces: Uint8Array[] = []
  const stop = recordPortTrace(bus, (bytes) => pieces.push(bytes))
  act(bus)
  stop()
  return Buffer.concat(pieces)
}

describe('the trace of a Linux boot', () => {
  const accesses = [...readPortTrace(linuxBoot)]

  it('holds every access', () => {
    expect(accesses).toHaveLength(21_923)
    expect(accesses.filter(({ write }) => write)).toHaveLength(8_019)
    expect(new Set(accesses.map(({ port }) => port)).size).toBe(83)
  })

  it('ends with the driver asking pvpanic what it takes, and the panic', () => {
    const pvpanic = accesses.filter(({ port }) => port === 0x505)
    expect(pvpanic.map(({ width, write }) => [width, write])).toEqual([
      [1, false],
      [1, true],
    ])
    expect(pvpanic.at(-1)?.value).toBe(1)
  })

  it('panics the machine that it is replayed on', () => {
    const machine = new Machine({ events: accesses.find(({ port }) => port === 0x505)?.value ?? 0 })
    const difference = replayPortTrace(accesses, machine.bus, ({ port, write }) => write || port === 0x505)
    expect(difference).toBeUndefined()
    expect(machine.panics.entries()).toMatchObject([{ event: 'panicked', value: 1 }])
  })
})

describe('recording', () => {
  it('keeps port, width, direction and value of each access, in order', () => {
    const bytes = record(new IoPortBus(), (bus) => {
      bus.outb(0x80, 0x1ff)
      bus.outl(0xffff, -2)
      bus.inw(0x10505)
    })
    // "PIOTRACE", version 1, header of 16 bytes; then the records as the format's description gives them.
    expect(Buffer.from(bytes).toString('hex').match(/.{16}/g)).toEqual([
      '50494f5452414345',
      '0100100000000000',
      '80000100ff000000',
      'ffff0400feffffff',
      '05058200ffff0000',
    ])
  })

  it('hands on a long trace in pieces', () => {
    const sizes: number[] = []
    const bus = new IoPortBus()
    const stop = recordPortTrace(bus, (bytes) => sizes.push(bytes.length))
    for (let i = 0; i < 10_000; i++) bus.outb(i, 1)
    stop()
    expect(sizes).toEqual([16, 65_536, 8 * (10_000 - 8_192)])
  })

  it('counts the accesses', () => {
    const bus = new IoPortBus()
    const stop = recordPortTrace(bus, () => {})
    bus.outb(0x80, 1)
    bus.insb(0x80, new Uint8Array(3))
    expect(stop()).toBe(4)
  })

  it('ends when told to', () => {
    const bus = new IoPortBus()
    const bytes = record(bus, () => {})
    bus.outb(0x80, 1)
    expect(bytes).toHaveLength(16)
    expect(Object.keys(bus)).toEqual([])
  })
})

describe('replaying', () => {
  const program = (bus: IoPortBus) => {
    for (let i = 0; i < 50; i++) {
      bus.outb(0x0c, 0)
      bus.outw(0x02, i * 0x101)
      bus.inb(0x02)
      bus.inl(0x08)
    }
  }

  it('finds no difference on an equal machine', () => {
    const trace = record(new Machine().bus, program)
    expect(replayPortTrace(readPortTrace(trace), new Machine().bus)).toBeUndefined()
  })

  it('finds the first read that differs', () => {
    const trace = record(new Machine({ events: 3 }).bus, (bus) => {
      program(bus)
      bus.inb(0x505)
      bus.inb(0x505)
    })
    expect(replayPortTrace(readPortTrace(trace), new Machine({ events: 1 }).bus)).toEqual({
      index: 200,
      expected: { port: 0x505, width: 1, write: false, value: 3 } satisfies PortAccess,
      actual: 1,
    })
  })
})

describe('a file that is no good trace', () => {
  const good = record(new IoPortBus(), (bus) => {
    bus.outb(0x80, 1)
    bus.outb(0x80, 2)
  })
  const damage = (offset: number, byte: number) => Uint8Array.from(good).fill(byte, offset, offset + 1)

  it.each([
    ['an empty file', new Uint8Array(), 0, 'not a port trace'],
    ['another kind of file', Buffer.from('\x7fELF and so on, a long file'), 0, 'not a port trace'],
    ['a header cut short', portTraceHeader().subarray(0, 12), 12, 'the header takes 16 bytes'],
    ['a later version', damage(8, 2), 8, 'version 2; this program reads version 1'],
    ['a header of another length', damage(10, 32), 10, 'expected a header of 16 bytes, got 32'],
    ['a width that is none', damage(18, 3), 18, 'expected a width of 1, 2 or 4 bytes, got 3'],
    ['a byte that must be 0', damage(27, 9), 27, 'expected 0, got 9'],
    ['a value wider than the access', damage(21, 1), 20, '0x101 is no value of 1 bytes'],
    ['a last record cut short', good.subarray(0, 29), 24, 'a record takes 8 bytes, the file ends after 5'],
  ])('is refused with its offset: %s', (_, file, offset, reason) => {
    const read = () => [...readPortTrace(file)]
    expect(read).toThrow(PortTraceError)
    expect(read).toThrow(`port trace, byte ${offset}: ${reason}`)
  })

  it('is never the cause of another error, whatever its bytes', () => {
    const anyBytes = fc.uint8Array({ maxLength: 64 })
    const file = fc.oneof(
      anyBytes,
      anyBytes.map((bytes) => new Uint8Array([...portTraceHeader(), ...bytes])),
    )
    fc.assert(
      fc.property(file, (bytes) => {
        try {
          for (const { port, width, value } of readPortTrace(bytes)) {
            expect(port <= 0xffff && value < 2 ** (8 * width)).toBe(true)
          }
        } catch (error) {
          if (!(error instanceof PortTraceError)) throw error
          expect(error.offset).toBeLessThanOrEqual(bytes.length)
        }
      }),
    )
  })
})
