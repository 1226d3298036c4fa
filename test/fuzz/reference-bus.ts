// A port bus as slow as it is simple: a table of 65,536 ports, filled anew whenever a mapping changes.

import type { IoPortBusOptions } from '../../src/bus/io-port-bus.js'
import type { PortDevice } from '../../src/bus/port-device.js'

const PORT_COUNT = 0x10000

/** What the fuzzer does with a bus, ours or the reference. */
export interface FuzzBus {
  map(base: number, size: number, device: PortDevice, options: { priority: number; offset: number }): FuzzMapping
  inb(port: number): number
  inw(port: number): number
  inl(port: number): number
  outb(port: number, value: number): void
  outw(port: number, value: number): void
  outl(port: number, value: number): void
  insb(port: number, into: Uint8Array): void
  outsb(port: number, from: Uint8Array): void
}

export interface FuzzMapping {
  move(base: number): void
  unmap(): void
}

interface Layer {
  base: number
  readonly size: number
  readonly device: PortDevice
  readonly priority: number
  readonly offset: number
}

/** Part of a wide access that one device takes at once. */
interface Piece {
  readonly device: PortDevice | undefined
  readonly offset: number
  readonly size: number
}

/** The rules are those of the doc comments of IoPortBus and WideAccess. */
export class ReferenceBus implements FuzzBus {
  /** In order of mapping. */
  readonly #layers: Layer[] = []
  readonly #owners = new Array<Layer | undefined>(PORT_COUNT).fill(undefined)
  readonly #options: Required<IoPortBusOptions>

  constructor(options: Required<IoPortBusOptions>) {
    this.#options = options
  }

  map(base: number, size: number, device: PortDevice, options: { priority: number; offset: number }): FuzzMapping {
    const layer: Layer = { base, size, device, ...options }
    this.#layers.push(layer)
    this.#fill()
    return {
      move: (to) => {
        layer.base = to
        this.#fill()
      },
      unmap: () => {
        this.#layers.splice(this.#layers.indexOf(layer), 1)
        this.#fill()
      },
    }
  }

  inb(port: number): number {
    return this.#read(port & 0xffff, 1)
  }

  inw(port: number): number {
    return this.#read(port & 0xffff, 2)
  }

  inl(port: number): number {
    return this.#read(port & 0xffff, 4)
  }

  outb(port: number, value: number): void {
    this.#write(port & 0xffff, 1, value)
  }

  outw(port: number, value: number): void {
    this.#write(port & 0xffff, 2, value)
  }

  outl(port: number, value: number): void {
    this.#write(port & 0xffff, 4, value)
  }

  insb(port: number, into: Uint8Array): void {
    for (let i = 0; i < into.length; i++) {
      const { device, offset } = this.#at(port & 0xffff)
      if (device?.readBlock !== undefined) {
        device.readBlock(offset, into.subarray(i))
        return
      }
      into[i] = device?.read8(offset) ?? 0xff
    }
  }

  outsb(port: number, from: Uint8Array): void {
    for (let i = 0; i < from.length; i++) {
      const { device, offset } = this.#at(port & 0xffff)
      if (device?.writeBlock !== undefined) {
        device.writeBlock(offset, from.subarray(i))
        return
      }
      device?.write8(offset, from[i] ?? 0)
    }
  }

  #fill(): void {
    this.#owners.fill(undefined)
    const upwards = this.#layers.toSorted((one, other) => one.priority - other.priority)
    for (const layer of upwards) this.#owners.fill(layer, layer.base, layer.base + layer.size)
  }

  #at(port: number): { device: PortDevice | undefined; offset: number } {
    const layer = this.#owners[port]
    return { device: layer?.device, offset: layer === undefined ? port : port - layer.base + layer.offset }
  }

  /** Under `split`, the largest size that is left and aligned within the device. Ports past the top belong to nobody. */
  #piece(port: number, left: number): Piece | undefined {
    if (port >= PORT_COUNT) return undefined
    const { device, offset } = this.#at(port)
    const size = [4, 2, 1].find((most) => most <= left && (offset % most === 0 || device?.unaligned === true)) ?? 1
    return { device, offset, size }
  }

  /** Under the other rules, all of an access; undefined if it is refused. */
  #whole(port: number, width: number): Piece | undefined {
    const { device, offset } = this.#at(port)
    const isAligned = offset % width === 0 || device?.unaligned === true || this.#options.wideAccess === 'whole'
    return isAligned ? { device, offset, size: width } : undefined
  }

  /** Under `whole`, an access at a port of nobody's, however aligned. */
  #isNobodys(port: number): boolean {
    return this.#options.wideAccess === 'whole' && this.#owners[port] === undefined
  }

  #read(port: number, width: number): number {
    if (width > 1 && this.#isNobodys(port)) {
      return width === 4 ? 0xffffffff : this.inb(port) + 0x100 * this.inb(port + 1)
    }
    if (this.#options.wideAccess !== 'split') {
      const whole = this.#whole(port, width)
      return whole === undefined ? 0 : readPiece(whole)
    }
    let value = 0
    for (let done = 0; done < width; ) {
      const piece = this.#piece(port + done, width - done)
      value += (piece === undefined ? this.#options.pastLastPort : readPiece(piece)) * 2 ** (8 * done)
      done += piece?.size ?? 1
    }
    return value
  }

  #write(port: number, width: number, value: number): void {
    const byte = (i: number) => Math.floor((value >>> 0) / 2 ** (8 * i)) % 0x100
    if (width > 1 && this.#isNobodys(port)) {
      if (width === 2) for (let i = 0; i < width; i++) this.outb(port + i, byte(i))
      return
    }
    if (this.#options.wideAccess !== 'split') {
      const whole = this.#whole(port, width)
      if (whole !== undefined) writePiece(whole, (value >>> 0) % 2 ** (8 * width))
      return
    }
    for (let done = 0; done < width; ) {
      const piece = this.#piece(port + done, width - done)
      if (piece === undefined) return
      writePiece(piece, Math.floor((value >>> 0) / 2 ** (8 * done)) % 2 ** (8 * piece.size))
      done += piece.size
    }
  }
}

function readPiece({ device, offset, size }: Piece): number {
  if (device === undefined) return 2 ** (8 * size) - 1
  if (size === 4 && device.read32 !== undefined) return device.read32(offset)
  if (size === 2 && device.read16 !== undefined) return device.read16(offset)
  let value = 0
  for (let i = 0; i < size; i++) value += device.read8(offset + i) * 2 ** (8 * i)
  return value
}

function writePiece({ device, offset, size }: Piece, value: number): void {
  if (size === 4 && device?.write32 !== undefined) device.write32(offset, value)
  else if (size === 2 && device?.write16 !== undefined) device.write16(offset, value)
  else for (let i = 0; i < size; i++) device?.write8(offset + i, Math.floor(value / 2 ** (8 * i)) % 0x100)
}
