// The I/O port bus: carries a guest's access to the device at the port, and splits wide accesses as QEMU does.

import { checkKnownOptions, checkOneOf, type OptionNames, OptionRangeError } from '../common/check.js'
import { hex } from '../common/hex.js'
import { INSPECT, type Inspect, inspected } from '../common/inspect.js'
import type { PortDevice } from './port-device.js'
import {
  type MapOptions,
  PORT_COUNT,
  type PortChangeListener,
  PortMap,
  type PortMapping,
  type PortRange,
} from './port-map.js'
import { PortSlots, readShared, sharedSite, UNASSIGNED, writeShared } from './port-slots.js'
import { Form, readWhole, stepSize, WIDE_ACCESSES, type WideAccess, writeWhole } from './wide-access.js'

/**
 * How a port's code is read: 0 where nobody answers; a slot in the high byte and the offset in the low one; from
 * `FirstEntry` on the index of an entry. One load, and no object to visit between port and device.
 */
enum Code {
  OffsetBits = 8,
  OffsetMask = 0xff,
  /** One more than the slots, shifted. */
  FirstEntry = 0x1100,
}
const MAX_MAPPINGS = PORT_COUNT - Code.FirstEntry

/** What the bus keeps of a mapping that can be reached. */
interface Entry {
  readonly device: PortDevice
  /** The port at which the device's offset 0 lies, or would lie. */
  readonly start: number
  /** 0 if the device has none, or the mapping has offsets beyond a code's. */
  readonly slot: number
  /** Where the device is called without a slot. */
  readonly site: number
  /** Its place among the entries. */
  readonly index: number
}

/** What a bus may be told. */
export interface IoPortBusOptions {
  /** What becomes of a wide access that is not aligned within the device. Default: 'split'. */
  readonly wideAccess?: WideAccess
  /** What bytes beyond port 0xffff read as, under 'split': 0xff in QEMU 1.6.0, 0 since 1.6.1. Default: 0. */
  readonly pastLastPort?: 0 | 0xff
}
const BUS_OPTIONS: OptionNames<IoPortBusOptions> = { wideAccess: true, pastLastPort: true }

/**
 * The x86 I/O port space. Accesses never throw: a port is taken modulo 0x10000, a value modulo its width, a port that
 * nothing claims reads all ones and swallows writes.
 *
 * A 16- or 32-bit access that is aligned within the device at its first port goes to that device whole, even past the
 * device's last port. So `inw` at a one-port device reads that device twice and never its neighbour. For others there are
 * three rules, as QEMU has had (`WideAccess`). Bytes past port 0xffff vanish.
 */
export class IoPortBus {
  readonly #slots = new PortSlots()
  readonly #codes = new Uint16Array(PORT_COUNT)
  readonly #entries: (Entry | undefined)[] = []
  readonly #freeEntries: number[] = []
  readonly #entryOf = new Map<PortMapping, Entry>()
  readonly #map = new PortMap({
    paint: (range, mapping) => this.#paint(range, mapping),
    removed: (mapping, deviceLeft) => this.#forget(mapping, deviceLeft),
  })
  readonly #wideAccess: WideAccess
  readonly #pastLastPort: number

  /** @throws {OptionRangeError | OptionTypeError} naming the option that is wrong. */
  constructor(options: IoPortBusOptions = {}) {
    checkKnownOptions(options, BUS_OPTIONS)
    this.#wideAccess = checkOneOf('wideAccess', options.wideAccess ?? 'split', WIDE_ACCESSES)
    const { pastLastPort = 0 } = options
    if (pastLastPort !== 0 && pastLastPort !== 0xff) {
      throw new OptionRangeError('pastLastPort', `expected 0 or 0xff, got ${String(pastLastPort)}`)
    }
    this.#pastLastPort = pastLastPort
  }

  /**
   * Lets `device` answer at the ports `base` .. `base + size - 1`. An overlap is no error: it shows in `mappings()`.
   * A device does not gain or lose methods while it is mapped.
   * @throws {RangeError} if a port lies outside 0..0xffff, `size` is not in 1..0x10000, or 61,184 mappings are there.
   * @throws {TypeError} if a number is no integer, or `device` is no device.
   */
  map(base: number, size: number, device: PortDevice, options: MapOptions = {}): PortMapping {
    if (this.#map.size >= MAX_MAPPINGS) throw new RangeError(`a bus holds at most ${MAX_MAPPINGS} mappings`)
    return this.#map.add(base, size, device, options)
  }

  /** Every mapping, by base port; where they overlap each says what of it is visible and what shadows the rest. */
  mappings(): PortMapping[] {
    return this.#map.list()
  }

  /** The mapping that answers at `port`, taken modulo 0x10000; undefined where nothing is mapped. */
  mappingAt(port: number): PortMapping | undefined {
    return this.#map.owners({ base: port & 0xffff, size: 1 })[0]
  }

  /**
   * Calls `listener` after each `map`, `unmap` and `move` with the ports of the window; for a move with those it left, then
   * with those it took. Only there can ports have changed hands: `mappingAt` says who answers now. A change can come from
   * within a guest's access, so the listener must not throw.
   * @returns what ends that.
   */
  onChange(listener: PortChangeListener): () => void {
    return this.#map.onChange(listener)
  }

  /** What is mapped, by base port: which device at which ports, and what shadows it. `console.log` shows the same. */
  toJSON(): { ports: string; device: string; shadowedBy?: string[] }[] {
    return this.mappings().map(({ base, size, device, shadowedBy }) => ({
      ports: size === 1 ? hex(base) : `${hex(base)}-${hex(base + size - 1)}`,
      device: device.name,
      ...(shadowedBy.length > 0 && { shadowedBy: shadowedBy.map((mapping) => mapping.device.name) }),
    }))
  }

  /** What `console.log` shows in Node. */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return inspected(this, options, inspect)
  }

  /** Reads a byte: 0..0xff. */
  inb(port: number): number {
    const code = this.#codes[port & 0xffff] as number
    if (code < Code.FirstEntry) return this.#slots.readSlot(code >> Code.OffsetBits, code & Code.OffsetMask)
    return this.#readEntry(code, port & 0xffff)
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
    const code = this.#codes[port & 0xffff] as number
    if (code < Code.FirstEntry) this.#slots.writeSlot(code >> Code.OffsetBits, code & Code.OffsetMask, value & 0xff)
    else this.#writeEntry(code, port & 0xffff, value & 0xff)
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
    for (let done = 0; done < into.length; done++) {
      // Looked up for each byte: a device can move, or leave, by what it reads.
      const { device, offset } = this.#at(port & 0xffff)
      if (device.readBlock !== undefined) {
        device.readBlock(offset, into.subarray(done))
        return
      }
      into[done] = this.inb(port)
    }
  }

  /** REP OUTSB: writes the bytes of `from`, in order, to one port. */
  outsb(port: number, from: Uint8Array): void {
    for (let done = 0; done < from.length; done++) {
      const { device, offset } = this.#at(port & 0xffff)
      if (device.writeBlock !== undefined) {
        device.writeBlock(offset, from.subarray(done))
        return
      }
      this.outb(port, from[done] as number)
    }
  }

  #readEntry(code: number, port: number): number {
    const { site, device, start } = this.#entries[code - Code.FirstEntry] as Entry
    return readShared(site, device, port - start)
  }

  #writeEntry(code: number, port: number, value: number): void {
    const { site, device, start } = this.#entries[code - Code.FirstEntry] as Entry
    writeShared(site, device, port - start, value)
  }

  #read(port: number, width: 2 | 4): number {
    const code = this.#codes[port] as number
    const slot = alignedSlot(code, width)
    if (slot === 0) return this.#readApart(port, width)
    const device = this.#slots.devices[slot] as Required<PortDevice>
    const offset = code & Code.OffsetMask
    if ((this.#slots.forms[slot] as number) & (width === 2 ? Form.Read16 : Form.Read32)) {
      return width === 2 ? device.read16(offset) : device.read32(offset) >>> 0
    }
    let value = 0
    for (let i = 0; i < width; i++) {
      // A device can give its slot away in the middle of the access; it answers all the same.
      const byte =
        this.#slots.devices[slot] === device ? this.#slots.readSlot(slot, offset + i) : device.read8(offset + i)
      value |= byte << (8 * i)
    }
    return value >>> 0
  }

  #write(port: number, width: 2 | 4, value: number): void {
    const code = this.#codes[port] as number
    const slot = alignedSlot(code, width)
    if (slot === 0) {
      this.#writeApart(port, width, value)
      return
    }
    const device = this.#slots.devices[slot] as Required<PortDevice>
    const offset = code & Code.OffsetMask
    if ((this.#slots.forms[slot] as number) & (width === 2 ? Form.Write16 : Form.Write32)) {
      if (width === 2) device.write16(offset, value & 0xffff)
      else device.write32(offset, value >>> 0)
      return
    }
    for (let i = 0; i < width; i++) {
      const byte = (value >>> (8 * i)) & 0xff
      if (this.#slots.devices[slot] === device) this.#slots.writeSlot(slot, offset + i, byte)
      else device.write8(offset + i, byte)
    }
  }

  /** A wide access to which a rule applies, or whose device has no slot. */
  #readApart(port: number, width: 2 | 4): number {
    const { device, offset } = this.#at(port)
    if (this.#wideAccess === 'whole' && device === UNASSIGNED) {
      return width === 2 ? this.inb(port) | (this.inb(port + 1) << 8) : 0xffffffff
    }
    if (this.#wideAccess !== 'split') {
      return this.#isRefused(device, offset, width) ? 0 : readWhole(device, offset, width) >>> 0
    }
    let value = 0
    for (let done = 0; done < width; ) {
      if (port + done >= PORT_COUNT) {
        value |= this.#pastLastPort << (8 * done++)
        continue
      }
      const part = this.#at(port + done)
      const step = stepSize(part.device, part.offset, width - done)
      value |= readWhole(part.device, part.offset, step) << (8 * done)
      done += step
    }
    return value >>> 0
  }

  #writeApart(port: number, width: 2 | 4, value: number): void {
    const { device, offset } = this.#at(port)
    if (this.#wideAccess === 'whole' && device === UNASSIGNED) {
      for (let i = 0; i < (width & 2); i++) this.outb(port + i, value >>> (8 * i))
      return
    }
    if (this.#wideAccess !== 'split') {
      if (!this.#isRefused(device, offset, width)) writeWhole(device, offset, width, value)
      return
    }
    for (let done = 0; done < width && port + done < PORT_COUNT; ) {
      const part = this.#at(port + done)
      const step = stepSize(part.device, part.offset, width - done)
      writeWhole(part.device, part.offset, step, value >>> (8 * done))
      done += step
    }
  }

  #isRefused(device: PortDevice, offset: number, width: number): boolean {
    return this.#wideAccess === 'aligned' && device.unaligned !== true && (offset & (width - 1)) !== 0
  }

  /** Who answers at a port. Where nobody is, the port itself is the offset. */
  #at(port: number): { readonly device: PortDevice; readonly offset: number } {
    const code = this.#codes[port] as number
    if (code >= Code.FirstEntry) {
      const { device, start } = this.#entries[code - Code.FirstEntry] as Entry
      return { device, offset: port - start }
    }
    const device = this.#slots.devices[code >> Code.OffsetBits] as PortDevice
    return { device, offset: code === 0 ? port : code & Code.OffsetMask }
  }

  #paint({ base, size }: PortRange, mapping: PortMapping | undefined): void {
    if (mapping === undefined) {
      this.#codes.fill(0, base, base + size)
      return
    }
    const { index, start, slot } = this.#entryFor(mapping)
    if (slot === 0) this.#codes.fill(Code.FirstEntry + index, base, base + size)
    else
      for (let port = base; port < base + size; port++) this.#codes[port] = (slot << Code.OffsetBits) | (port - start)
  }

  /** Made anew at each painting, since a mapping moves. */
  #entryFor(mapping: PortMapping): Entry {
    const { device, base, offset, size } = mapping
    const index = this.#entryOf.get(mapping)?.index ?? this.#freeEntries.pop() ?? this.#entries.length
    const slot = offset + size - 1 <= Code.OffsetMask ? this.#slots.take(device) : 0
    const entry = { device, start: base - offset, slot, site: sharedSite(device), index }
    this.#entryOf.set(mapping, entry)
    this.#entries[index] = entry
    return entry
  }

  #forget(mapping: PortMapping, deviceLeft: boolean): void {
    const entry = this.#entryOf.get(mapping)
    if (entry !== undefined) {
      this.#entryOf.delete(mapping)
      this.#entries[entry.index] = undefined
      this.#freeEntries.push(entry.index)
    }
    if (!deviceLeft) this.#slots.free(mapping.device)
  }
}

/** The slot of the device that takes all of an access that starts at a port with this code; 0 if it has to be looked at. */
const alignedSlot = (code: number, width: number) =>
  (code & (width - 1)) === 0 && code < Code.FirstEntry ? code >> Code.OffsetBits : 0
