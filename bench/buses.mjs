// The contenders: this package's bus, and what an emulator's author could take or write instead.
//
// Each takes the same devices by `map`, and answers `inb` .. `outl`. Those that know bytes only split wide accesses into
// bytes at successive ports, which comes to the same for these boards.

import { createRequire } from 'node:module'
import { IoPortBus } from 'isa-pvpanic'

/** Wide accesses for a bus that has only `inb` and `outb`. */
class ByteBus {
  inw(port) {
    return this.inb(port) | (this.inb(port + 1) << 8)
  }
  inl(port) {
    return (this.inw(port) | (this.inw(port + 2) << 16)) >>> 0
  }
  outw(port, value) {
    this.outb(port, value & 0xff)
    this.outb(port + 1, (value >>> 8) & 0xff)
  }
  outl(port, value) {
    this.outw(port, value & 0xffff)
    this.outw(port + 2, value >>> 16)
  }
}

/** A Map from the port to a pair of closures. */
class MapOfClosures extends ByteBus {
  handlers = new Map()
  map(base, size, device, { offset = 0 } = {}) {
    for (let i = 0; i < size; i++) {
      this.handlers.set(base + i, {
        read: () => device.read8(offset + i),
        write: (value) => device.write8(offset + i, value),
      })
    }
  }
  inb(port) {
    const handler = this.handlers.get(port)
    return handler === undefined ? 0xff : handler.read()
  }
  outb(port, value) {
    const handler = this.handlers.get(port)
    if (handler !== undefined) handler.write(value)
  }
}

/** Two arrays of 65,536 closures. */
class ArrayOfClosures extends ByteBus {
  readers = new Array(65536).fill(() => 0xff)
  writers = new Array(65536).fill(() => {})
  map(base, size, device, { offset = 0 } = {}) {
    for (let i = 0; i < size; i++) {
      this.readers[base + i] = () => device.read8(offset + i)
      this.writers[base + i] = (value) => device.write8(offset + i, value)
    }
  }
  inb(port) {
    return this.readers[port]()
  }
  outb(port, value) {
    this.writers[port](value)
  }
}

class Port {
  constructor(device, offset) {
    this.device = device
    this.offset = offset
  }
  read() {
    return this.device.read8(this.offset)
  }
  write(value) {
    this.device.write8(this.offset, value)
  }
}

const NOBODY = { read8: () => 0xff, write8() {} }

/** A table of 65,536 objects of a class Port. */
class PortObjects extends ByteBus {
  ports = new Array(65536).fill(new Port(NOBODY, 0))
  map(base, size, device, { offset = 0 } = {}) {
    for (let i = 0; i < size; i++) this.ports[base + i] = new Port(device, offset + i)
  }
  inb(port) {
    return this.ports[port].read()
  }
  outb(port, value) {
    this.ports[port].write(value)
  }
}

/** A byte for each port that names a device, and one call site for all of them: what one writes first. */
class DeviceNumbers extends ByteBus {
  numbers = new Uint8Array(65536)
  devices = [NOBODY]
  starts = [0]
  map(base, size, device, { offset = 0 } = {}) {
    this.numbers.fill(this.devices.length, base, base + size)
    this.devices.push(device)
    this.starts.push(base - offset)
  }
  inb(port) {
    const number = this.numbers[port]
    return this.devices[number].read8(port - this.starts[number])
  }
  outb(port, value) {
    const number = this.numbers[port]
    this.devices[number].write8(port - this.starts[number], value)
  }
}

/** avr8js's data space, whose hooks take reads and writes; its first addresses are CPU registers and have none. */
const AVR_FIRST = 0x100
class AvrHooks extends ByteBus {
  constructor(cpu) {
    super()
    this.cpu = cpu
    const { readHooks, writeHooks } = cpu
    for (let i = 0; i < AVR_FIRST + 0x10000; i++) {
      readHooks[i] = () => 0xff
      writeHooks[i] = () => true
    }
  }
  map(base, size, device, { offset = 0 } = {}) {
    for (let i = 0; i < size; i++) {
      this.cpu.readHooks[AVR_FIRST + base + i] = () => device.read8(offset + i)
      this.cpu.writeHooks[AVR_FIRST + base + i] = (value) => {
        device.write8(offset + i, value)
        return true
      }
    }
  }
  inb(port) {
    return this.cpu.readData(AVR_FIRST + port)
  }
  outb(port, value) {
    this.cpu.writeData(AVR_FIRST + port, value)
  }
}

async function avrHooks() {
  const { CPU } = await import('avr8js')
  return new AvrHooks(new CPU(new Uint16Array(0x100), 0x10000))
}

/** Bytes stored in an array: an access without dispatch or device. */
class TypedArray extends ByteBus {
  bytes = new Uint8Array(65536)
  map() {}
  inb(port) {
    return this.bytes[port]
  }
  outb(port, value) {
    this.bytes[port] = value
  }
}

/** v86's bus, an `IO` object of the npm package. */
class V86Bus {
  constructor(io) {
    this.io = io
  }
  map(base, size, device, { offset = 0 } = {}) {
    for (let i = 0; i < size; i++) registerOnV86(this.io, base + i, { device, offset: offset + i })
  }
  inb(port) {
    return this.io.port_read8(port)
  }
  inw(port) {
    return this.io.port_read16(port)
  }
  inl(port) {
    return this.io.port_read32(port) >>> 0
  }
  outb(port, value) {
    this.io.port_write8(port, value)
  }
  outw(port, value) {
    this.io.port_write16(port, value)
  }
  outl(port, value) {
    this.io.port_write32(port, value)
  }
}

/** v86 calls a port's handlers on the object registered with them, as its own devices do. */
function registerOnV86(io, port, at) {
  io.register_read(
    port,
    at,
    function () {
      return this.device.read8(this.offset)
    },
    function () {
      return this.device.read8(this.offset) | (this.device.read8(this.offset + 1) << 8)
    },
    function () {
      const { device, offset } = this
      return (
        device.read8(offset) |
        (device.read8(offset + 1) << 8) |
        (device.read8(offset + 2) << 16) |
        (device.read8(offset + 3) << 24)
      )
    },
  )
  io.register_write(
    port,
    at,
    function (value) {
      this.device.write8(this.offset, value)
    },
    function (value) {
      this.device.write8(this.offset, value & 0xff)
      this.device.write8(this.offset + 1, value >>> 8)
    },
    function (value) {
      const { device, offset } = this
      device.write8(offset, value & 0xff)
      device.write8(offset + 1, (value >>> 8) & 0xff)
      device.write8(offset + 2, (value >>> 16) & 0xff)
      device.write8(offset + 3, value >>> 24)
    },
  )
}

/** An emulator that never runs; only its `cpu` is used. */
async function v86Cpu() {
  const { V86 } = await import('v86')
  const halt = new Uint8Array(0x10000).fill(0xf4)
  const emulator = new V86({
    wasm_path: createRequire(import.meta.url).resolve('v86/build/v86.wasm'),
    bios: { buffer: halt.buffer },
    memory_size: 16 << 20,
    vga_memory_size: 1 << 20,
    autostart: false,
    disable_keyboard: true,
    disable_mouse: true,
    disable_speaker: true,
  })
  await new Promise((resolve) => emulator.add_listener('emulator-ready', resolve))
  return emulator.v86.cpu
}

let v86
/** A fresh bus of v86, with nothing on it. */
async function emptyV86() {
  v86 ??= await v86Cpu()
  return new V86Bus(new v86.io.constructor(v86))
}

/** The bus of a whole emulator, with v86's own devices on it: its DMA controller is at 0x00, 0xc0 and 0x80. */
export const wholeV86 = async () => new V86Bus((await v86Cpu()).io)

/** A bus with nothing behind it, not even a table: what is left is the program that calls it. */
class NoBus {
  map() {}
  inb() {
    return 0
  }
  inw() {
    return 0
  }
  inl() {
    return 0
  }
  outb() {}
  outw() {}
  outl() {}
}

/** Whether a package is there: v86 and avr8js are not, beside an installed isa-pvpanic. */
function isInstalled(name) {
  try {
    return import.meta.resolve(name) !== ''
  } catch {
    return false
  }
}
export const hasV86 = isInstalled('v86')

/** Names of the contenders, and what makes an empty bus of each. */
export const BUSES = {
  'isa-pvpanic': () => new IoPortBus(),
  ...(hasV86 && { v86: emptyV86 }),
  'Map of closures': () => new MapOfClosures(),
  'array of closures': () => new ArrayOfClosures(),
  ...(isInstalled('avr8js') && { "avr8js's hooks": avrHooks }),
  'object per port': () => new PortObjects(),
  'one call site': () => new DeviceNumbers(),
  'typed-array store': () => new TypedArray(),
  'no bus': () => new NoBus(),
}

/** A bus of the named kind with a board's windows on it. */
export async function busWith(name, windows) {
  const bus = await BUSES[name]()
  for (const { base, size, device, offset } of windows) bus.map(base, size, device, { offset })
  return bus
}
