// The dispatch of the bus against a plain model of it: layers searched from the top, accesses split by QEMU's rules.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { IoPortBus } from '../../src/bus/io-port-bus.js'
import type { PortDevice } from '../../src/bus/port-device.js'
import type { PortMapping } from '../../src/bus/port-map.js'

type Log = [device: string, operation: string, offset: number, value: number][]

/** A device of a class of its own: the bus serves devices by class, so a test needs many. */
function deviceOfNewClass(name: string, log: Log, forms: 'bytes' | 'wide' | 'unaligned' = 'bytes'): PortDevice {
  class Device implements PortDevice {
    readonly name = name
    readonly unaligned = forms === 'unaligned'
    read8(offset: number): number {
      log.push([name, 'read8', offset, 0])
      return (offset * 7 + name.length) & 0xff
    }
    write8(offset: number, value: number): void {
      log.push([name, 'write8', offset, value])
    }
  }
  class WideDevice extends Device {
    read32(offset: number): number {
      log.push([name, 'read32', offset, 0])
      return 0x80000000 + offset
    }
    write16(offset: number, value: number): void {
      log.push([name, 'write16', offset, value])
    }
  }
  return forms === 'wide' ? new WideDevice() : new Device()
}

interface Layer {
  readonly mapping: PortMapping
  readonly device: PortDevice
  readonly priority: number
  readonly order: number
}

/** The same bus, as slow as it is simple. */
class Model {
  layers: Layer[] = []

  owner(port: number): Layer | undefined {
    return this.layers
      .filter(({ mapping: { base, size } }) => base <= port && port < base + size)
      .sort((one, other) => other.priority - one.priority || other.order - one.order)[0]
  }

  /** The steps that an access takes: at which device, at which offset, how many bytes. */
  steps(port: number, width: number): { device: PortDevice | undefined; offset: number; step: number; done: number }[] {
    const steps = []
    for (let done = 0; done < width && port + done < 0x10000; ) {
      const layer = this.owner(port + done)
      const offset = layer ? port + done - layer.mapping.base + layer.mapping.offset : port + done
      let step = 4
      while (step > width - done || (offset % step !== 0 && layer?.device.unaligned !== true)) step /= 2
      steps.push({ device: layer?.device, offset, step, done })
      done += step
    }
    return steps
  }

  read(port: number, width: number): number {
    let value = 0
    for (const { device, offset, step, done } of this.steps(port, width)) {
      if (step === 4 && device?.read32) value += device.read32(offset) * 2 ** (8 * done)
      else {
        for (let i = 0; i < step; i++) value += (device?.read8(offset + i) ?? 0xff) * 2 ** (8 * (done + i))
      }
    }
    return value
  }

  write(port: number, width: number, value: number): void {
    const byte = (i: number) => Math.floor(value / 2 ** (8 * i)) % 256
    for (const { device, offset, step, done } of this.steps(port, width)) {
      if (step === 2 && device?.write16) device.write16(offset, byte(done) + 256 * byte(done + 1))
      else for (let i = 0; i < step; i++) device?.write8(offset + i, byte(done + i))
    }
  }
}

const READ = { 1: 'inb', 2: 'inw', 4: 'inl' } as const
const WRITE = { 1: 'outb', 2: 'outw', 4: 'outl' } as const

const port = fc.oneof(fc.integer({ min: 0, max: 0x3f }), fc.integer({ min: 0xffe0, max: 0xffff }))
const width = fc.constantFrom(1 as const, 2 as const, 4 as const)
const step = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('map' as const),
      base: port,
      size: fc.constantFrom(1, 2, 3, 4, 8, 16, 400),
      device: fc.integer({ min: 0, max: 29 }),
      offset: fc.constantFrom(0, 0, 1, 7, 250, 1000),
      priority: fc.constantFrom(0, 0, 0, 1, -1),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('unmap' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('move' as const), which: fc.nat(), base: port }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('read' as const), port, width }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('write' as const), port, width, value: fc.nat({ max: 0xffffffff }) }),
  },
)

describe('the bus, through any history of mapping and access', () => {
  it('reaches the devices that a plain search of the layers reaches, with the same bytes', () => {
    const log: Log = []
    const forms = ['bytes', 'bytes', 'bytes', 'wide', 'unaligned'] as const
    const devices = Array.from({ length: 30 }, (_, i) => deviceOfNewClass(`device ${i}`, log, forms[i % forms.length]))
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 120 }), (steps) => {
        const bus = new IoPortBus()
        const model = new Model()
        steps.forEach((now, order) => {
          const layer = 'which' in now ? model.layers[now.which % Math.max(1, model.layers.length)] : undefined
          if (now.kind === 'map') {
            const { offset, priority } = now
            const device = devices[now.device]
            if (device === undefined || now.base + now.size > 0x10000) return
            const mapping = bus.map(now.base, now.size, device, { offset, priority })
            model.layers.push({ mapping, device, priority, order })
          } else if (now.kind === 'unmap' && layer !== undefined) {
            layer.mapping.unmap()
            model.layers = model.layers.filter((other) => other !== layer)
          } else if (now.kind === 'move' && layer !== undefined && now.base + layer.mapping.size <= 0x10000) {
            layer.mapping.move(now.base)
          } else if (now.kind === 'read') {
            log.length = 0
            const value = bus[READ[now.width]](now.port)
            const reached = log.splice(0)
            expect(value).toBe(model.read(now.port, now.width))
            expect(reached).toEqual(log)
          } else if (now.kind === 'write') {
            log.length = 0
            bus[WRITE[now.width]](now.port, now.value)
            const reached = log.splice(0)
            model.write(now.port, now.width, now.value)
            expect(reached).toEqual(log)
          }
        })
      }),
      { numRuns: 150 },
    )
  })

  it('serves more devices of one class, and of more classes, than it has slots', () => {
    class Latch implements PortDevice {
      readonly bytes = new Uint8Array(8)
      constructor(readonly name: string) {}
      read8(offset: number): number {
        return this.bytes[offset] ?? 0xff
      }
      write8(offset: number, value: number): void {
        this.bytes[offset] = value
      }
    }
    const sameClass = Array.from({ length: 21 }, (_, i) => new Latch(`latch ${i}`))
    const others = Array.from({ length: 40 }, (_, i) => new (class extends Latch {})(`other ${i}`)) // 40 classes
    const devices = [...sameClass, ...others]
    const bus = new IoPortBus()
    devices.forEach((device, i) => {
      bus.map(i * 8, 8, device)
    })
    for (let round = 0; round < 3; round++) {
      for (const i of devices.keys()) {
        bus.outb(i * 8 + 3, i + round)
        bus.outw(i * 8 + 4, 0x100 * i + round)
        expect([bus.inb(i * 8 + 3), bus.inw(i * 8 + 4)]).toEqual([i + round, 0x100 * i + round])
      }
      expect(devices.map(({ bytes }) => [...bytes])).toEqual(
        devices.map((_, i) => [0, 0, 0, i + round, round, i, 0, 0]),
      )
    }
  })
})

describe('a wide access whose device changes the mappings at its first byte', () => {
  /** A device of one class, whatever happens at its first byte. */
  class Byte implements PortDevice {
    readonly reached: [operation: string, offset: number, value: number][] = []
    constructor(
      readonly name: string,
      readonly atFirst = () => {},
    ) {}
    read8(offset: number): number {
      if (this.reached.push(['read', offset, 0]) === 1) this.atFirst()
      return 0x11
    }
    write8(offset: number, value: number): void {
      if (this.reached.push(['write', offset, value]) === 1) this.atFirst()
    }
  }
  const FOUR_WRITES = [0x11, 0x22, 0x33, 0x44].map((value, offset) => ['write', offset, value])

  // QEMU looks the device up once for the whole access.
  it.each<[string, (bus: IoPortBus, mapping: PortMapping, other: Byte) => void]>([
    ['maps more devices than there are slots', (bus) => manyMore(bus)],
    [
      'gives its place and its slot to another device of its class',
      (bus, mapping, other) => {
        mapping.unmap()
        bus.map(0x300, 4, other)
      },
    ],
    ['moves away', (_, mapping) => mapping.move(0x400)],
  ])('reaches it alone, with all its bytes, if the device %s', (_, change) => {
    for (const access of ['outl', 'inl'] as const) {
      const bus = new IoPortBus()
      const other = new Byte('other')
      const device: Byte = new Byte('device', () => change(bus, mapping, other))
      const mapping = bus.map(0x100, 4, device)
      if (access === 'inl') expect(bus.inl(0x100)).toBe(0x11111111)
      else {
        bus.outl(0x100, 0x44332211)
        expect(device.reached).toEqual(FOUR_WRITES)
      }
      expect(other.reached).toEqual([])
    }
  })

  function manyMore(bus: IoPortBus): void {
    for (let i = 0; i < 30; i++) bus.map(0x1000 + 8 * i, 8, new Byte(`more ${i}`))
  }
})

describe('a block of string I/O', () => {
  /** A device that does something at its third byte. */
  const withThirdByte = (log: Log, then: () => void): PortDevice => {
    const count = () => {
      if (log.length === 3) then()
    }
    return {
      name: 'first',
      read8: (offset) => {
        log.push(['first', 'read8', offset, 0])
        count()
        return 0x11
      },
      write8: (offset, value) => {
        log.push(['first', 'write8', offset, value])
        count()
      },
    }
  }

  it('goes on at the device below once the device has unmapped itself', () => {
    const log: Log = []
    const bus = new IoPortBus()
    bus.map(0x100, 4, deviceOfNewClass('below', log))
    const above: PortMapping = bus.map(
      0x102,
      1,
      withThirdByte(log, () => above.unmap()),
    )
    bus.outsb(0x102, Uint8Array.of(1, 2, 3, 4, 5))
    expect(log).toEqual([
      ['first', 'write8', 0, 1],
      ['first', 'write8', 0, 2],
      ['first', 'write8', 0, 3],
      ['below', 'write8', 2, 4],
      ['below', 'write8', 2, 5],
    ])
  })

  it('is read from whoever answers at the time', () => {
    const log: Log = []
    const bus = new IoPortBus()
    const above: PortMapping = bus.map(
      0x102,
      1,
      withThirdByte(log, () => above.move(0x200)),
    )
    const into = new Uint8Array(5)
    bus.insb(0x102, into)
    expect([...into]).toEqual([0x11, 0x11, 0x11, 0xff, 0xff])
  })

  it('goes whole to a device that takes blocks, from the byte on at which the device answers', () => {
    const blocks: [offset: number, bytes: number[]][] = []
    const log: Log = []
    const bus = new IoPortBus()
    const disk: PortDevice = {
      ...deviceOfNewClass('disk', log),
      read8: () => 0,
      write8() {},
      readBlock: (offset, into) => into.fill(offset + 0x40),
      writeBlock: (offset, from) => blocks.push([offset, [...from]]),
    }
    bus.map(0x1f0, 8, disk)
    bus.outsb(0x1f2, Uint8Array.of(1, 2))
    const above: PortMapping = bus.map(
      0x1f0,
      1,
      withThirdByte(log, () => above.unmap()),
    )
    bus.outsb(0x1f0, Uint8Array.of(1, 2, 3, 4, 5))
    expect(blocks).toEqual([
      [2, [1, 2]],
      [0, [4, 5]],
    ])
    const into = new Uint8Array(3)
    bus.insb(0x1f1, into)
    expect([...into]).toEqual([0x41, 0x41, 0x41])
  })
})
