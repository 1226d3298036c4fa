// The I/O port bus: carries a guest's access to the device at the port, and splits wide accesses as QEMU does.

import type { PortDevice } from './port-device.js'
import { type MapOptions, PORT_COUNT, PortMap, type PortMapping } from './port-map.js'

/** Where accesses to a port go: `offset = port - start` is what the device sees. */
interface Target {
  readonly device: PortDevice
  readonly start: number
}

/** What no mapping covers: reads all ones, swallows writes. A region of its own, so wide accesses can start in it. */
const UNASSIGNED: Target = {
  start: 0,
  device: { name: 'unassigned', read8: () => 0xff, write8() {} },
}

/**
 * The x86 I/O port space. Accesses never throw: a port is taken modulo 0x10000, a value modulo its width, a port that
 * nothing claims reads all ones and swallows writes.
 *
 * A 16- or 32-bit access goes as QEMU sends it: the device at the first port gets as much of it as is aligned within
 * that device, even past the device's last port; the rest starts over at the next port. So `inw` at a one-port device
 * reads that device twice and never its neighbour. Bytes past port 0xffff read 0 there and writes to them vanish.
 */
export class IoPortBus {
  readonly #targets: Target[] = new Array<Target>(PORT_COUNT).fill(UNASSIGNED)
  readonly #map = new PortMap(({ base, size }, mapping) => {
    const target = mapping && { device: mapping.device, start: mapping.base - mapping.offset }
    this.#targets.fill(target ?? UNASSIGNED, base, base + size)
  })

  /**
   * Lets `device` answer at the ports `base` .. `base + size - 1`. An overlap is no error: it shows in `mappings()`.
   * @throws {RangeError} if a port lies outside 0..0xffff, or `size` is not in 1..0x10000.
   * @throws {TypeError} if a number is no integer, or `device` is no device.
   */
  map(base: number, size: number, device: PortDevice, options: MapOptions = {}): PortMapping {
    return this.#map.add(base, size, device, options)
  }

  /** Every mapping, by base port; where they overlap each says what of it is visible and what shadows the rest. */
  mappings(): PortMapping[] {
    return this.#map.list()
  }

  /** Reads a byte: 0..0xff. */
  inb(port: number): number {
    const { device, start } = this.#target(port & 0xffff)
    return device.read8((port & 0xffff) - start)
  }

  /** Reads a 16-bit word: 0..0xffff. */
  inw(port: number): number {
    return this.#read(port & 0xffff, 2)
  }

  /** Reads a 32-bit word: 0..0xffffffff. */
  inl(port: number): number {
    return this.#read(port & 0xffff, 4)
  }

  /** Writes the low 8 bits of `value`. */
  outb(port: number, value: number): void {
    const { device, start } = this.#target(port & 0xffff)
    device.write8((port & 0xffff) - start, value & 0xff)
  }

  /** Writes the low 16 bits of `value`. */
  outw(port: number, value: number): void {
    this.#write(port & 0xffff, 2, value)
  }

  /** Writes the low 32 bits of `value`. */
  outl(port: number, value: number): void {
    this.#write(port & 0xffff, 4, value)
  }

  /** REP INSB: fills `into` with successive bytes read at one port. */
  insb(port: number, into: Uint8Array): void {
    for (let i = 0; i < into.length; i++) into[i] = this.inb(port)
  }

  /** REP OUTSB: writes the bytes of `from`, in order, to one port. */
  outsb(port: number, from: Uint8Array): void {
    for (const value of from) this.outb(port, value)
  }

  #target(port: number): Target {
    return this.#targets[port] ?? UNASSIGNED
  }

  #read(port: number, width: number): number {
    let value = 0
    for (let done = 0; done < width && port + done < PORT_COUNT; ) {
      const { device, start } = this.#target(port + done)
      const offset = port + done - start
      const step = stepSize(device, offset, width - done)
      value |= readWhole(device, offset, step) << (8 * done)
      done += step
    }
    return value >>> 0
  }

  #write(port: number, width: number, value: number): void {
    for (let done = 0; done < width && port + done < PORT_COUNT; ) {
      const { device, start } = this.#target(port + done)
      const offset = port + done - start
      const step = stepSize(device, offset, width - done)
      writeWhole(device, offset, step, value >>> (8 * done))
      done += step
    }
  }
}

/** How many of the `left` bytes of an access the device takes in one go: 1, 2 or 4. */
function stepSize(device: PortDevice, offset: number, left: number): number {
  const most = left === 3 ? 2 : left
  if (device.unaligned === true || offset === 0) return most
  const alignment = offset & -offset
  return Math.min(most, alignment)
}

function readWhole(device: PortDevice, offset: number, size: number): number {
  if (size === 4 && device.read32 !== undefined) return device.read32(offset)
  if (size === 2 && device.read16 !== undefined) return device.read16(offset)
  let value = 0
  for (let i = 0; i < size; i++) value |= device.read8(offset + i) << (8 * i)
  return value
}

function writeWhole(device: PortDevice, offset: number, size: number, value: number): void {
  if (size === 4 && device.write32 !== undefined) device.write32(offset, value >>> 0)
  else if (size === 2 && device.write16 !== undefined) device.write16(offset, value & 0xffff)
  else for (let i = 0; i < size; i++) device.write8(offset + i, (value >>> (8 * i)) & 0xff)
}
