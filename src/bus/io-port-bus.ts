// The I/O port bus: carries a guest's access to the device at the port, and splits wide accesses as QEMU does.
//
// Why it looks as it does. One call site for all devices, `device.write8(...)`, turns megamorphic at the fifth class: V8
// then looks the method up for each access and inlines nothing, 14 ns on a recorded boot where this takes 4. So a device
// gets one of 18 slots, and each slot has a field and a call site of its own in the switches below: the site sees one
// class, its inline cache stays monomorphic, and the device's method is inlined. What else mattered, each measured in
// processes of its own (bench/, docs/benchmarks.md):
// - A table maps a port to slot and offset in 16 bits: one load, and no object to visit between port and device.
// - A class gets the same slots in every bus of the process, so buses of different layout share the sites well.
// - V8 inlines `outb` into an emulator's loop only while `#send` has at most 460 bytes of bytecode: hence 18 slots and
//   no more, and nothing else in there. Inlined, an access costs half.
// - The receivers are written out as `this.#slot7.write8`: for `device.write8` on one variable V8 shares a single
//   inline cache between all cases, and everything is megamorphic again.
// - The first slot goes before the table: a jump through the table costs a fifth of an access that does nothing else.
// - Devices take slots when mapped, so that the path of those without one has never run where it is not needed: V8 leaves it
//   out. Once one finds none the bus is crowded, and slots go to those that the guest touches: a board may map hundreds
//   that its guest never uses.
// Devices that find no slot are reached through the one megamorphic site; they work the same, slower.

import type { PortDevice } from './port-device.js'
import {
  type MapOptions,
  PORT_COUNT,
  type PortChangeListener,
  PortMap,
  type PortMapping,
  type PortRange,
} from './port-map.js'
import { Form, formsOf, readWhole, stepSize, writeWhole } from './wide-access.js'

/** What no mapping covers: reads all ones, swallows writes. A region of its own, so wide accesses can start in it. */
const UNASSIGNED: PortDevice = { name: 'unassigned', read8: () => 0xff, write8() {} }

/** Slots that one class can have in a bus, so that a board full of one device leaves some to the others. */
const SLOTS_A_CLASS = 4

/**
 * How a port's code is read: 0 where nobody answers; a slot in the high byte and the offset in the low one; from
 * `FirstEntry` on the index of an entry. An enum, since the bundler turns a constant into a variable that V8 reloads.
 */
enum Code {
  Slots = 18,
  OffsetBits = 8,
  OffsetMask = 0xff,
  FirstEntry = (Slots + 1) << OffsetBits,
}
const MAX_ENTRIES = PORT_COUNT - Code.FirstEntry

/** The slots of each class in every bus, by its prototype. Dealt in turn: once all are used, classes share them. */
const slotsOfClass = new WeakMap<object, number[]>()
let slotsDealt = 0

/** What the bus keeps of a mapping. */
interface Entry {
  /** Its place among the entries. */
  readonly index: number
  readonly mapping: PortMapping
  readonly device: PortDevice
  /** The port at which the device's offset 0 lies, or would lie. */
  readonly start: number
  /** Whether it was offered a slot since slots were last to be had. */
  offered: boolean
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
  readonly #codes = new Uint16Array(PORT_COUNT)
  readonly #entries: (Entry | undefined)[] = []
  readonly #freeEntries: number[] = []
  readonly #entryOf = new Map<PortMapping, Entry>()
  /** The device in each slot, as the fields below hold them; 0 stands for no device. */
  readonly #slots: (PortDevice | undefined)[] = [UNASSIGNED]
  /** The wide forms of each slot's device, so that it need not be asked. */
  readonly #forms = new Uint8Array(Code.Slots + 1)
  /** Whether slots go to those that the guest touches, since there were not enough for all that is mapped. */
  #crowded = false
  /** Changes whenever a port or a slot may have changed hands, which a device can bring about in the middle of an access. */
  #generation = 0
  #slot1: PortDevice = UNASSIGNED
  #slot2: PortDevice = UNASSIGNED
  #slot3: PortDevice = UNASSIGNED
  #slot4: PortDevice = UNASSIGNED
  #slot5: PortDevice = UNASSIGNED
  #slot6: PortDevice = UNASSIGNED
  #slot7: PortDevice = UNASSIGNED
  #slot8: PortDevice = UNASSIGNED
  #slot9: PortDevice = UNASSIGNED
  #slot10: PortDevice = UNASSIGNED
  #slot11: PortDevice = UNASSIGNED
  #slot12: PortDevice = UNASSIGNED
  #slot13: PortDevice = UNASSIGNED
  #slot14: PortDevice = UNASSIGNED
  #slot15: PortDevice = UNASSIGNED
  #slot16: PortDevice = UNASSIGNED
  #slot17: PortDevice = UNASSIGNED
  #slot18: PortDevice = UNASSIGNED
  readonly #map = new PortMap({
    paint: (range, mapping) => this.#paint(range, mapping),
    removed: (mapping, deviceLeft) => this.#forget(mapping, deviceLeft),
  })

  /**
   * Lets `device` answer at the ports `base` .. `base + size - 1`. An overlap is no error: it shows in `mappings()`.
   * A device does not gain or lose methods while it is mapped.
   * @throws {RangeError} if a port lies outside 0..0xffff, `size` is not in 1..0x10000, or 60,672 mappings are there.
   * @throws {TypeError} if a number is no integer, or `device` is no device.
   */
  map(base: number, size: number, device: PortDevice, options: MapOptions = {}): PortMapping {
    if (this.#entryOf.size >= MAX_ENTRIES) throw new RangeError(`a bus holds at most ${MAX_ENTRIES} mappings`)
    const mapping = this.#map.add(base, size, device, options)
    const entry = this.#entryOf.get(mapping)
    if (entry !== undefined && !this.#crowded && !this.#offerSlot(entry)) this.#crowd()
    return mapping
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

  /** Reads a byte: 0..0xff. */
  inb(port: number): number {
    return this.#fetch(this.#codes[port & 0xffff] as number, port)
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
    this.#send(this.#codes[port & 0xffff] as number, port, value & 0xff)
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
    for (let done = 0; done < into.length; ) {
      const code = this.#codes[port & 0xffff] as number
      const device = this.#deviceAt(code)
      const offset = this.#offsetAt(code, port & 0xffff)
      if (device.readBlock !== undefined) {
        device.readBlock(offset, into.subarray(done))
        return
      }
      const generation = this.#generation
      do into[done++] = device.read8(offset)
      while (done < into.length && this.#generation === generation)
    }
  }

  /** REP OUTSB: writes the bytes of `from`, in order, to one port. */
  outsb(port: number, from: Uint8Array): void {
    for (let done = 0; done < from.length; ) {
      const code = this.#codes[port & 0xffff] as number
      const device = this.#deviceAt(code)
      const offset = this.#offsetAt(code, port & 0xffff)
      if (device.writeBlock !== undefined) {
        device.writeBlock(offset, from.subarray(done))
        return
      }
      const generation = this.#generation
      do device.write8(offset, from[done++] as number)
      while (done < from.length && this.#generation === generation)
    }
  }

  /** Writes a byte to what `code` says. `port` may be out of range. */
  #send(code: number, port: number, value: number): void {
    const offset = code & Code.OffsetMask
    const slot = code >> Code.OffsetBits
    if (slot === 1) {
      this.#slot1.write8(offset, value)
      return
    }
    // biome-ignore format: a table
    switch (slot) {
      case 0: return
      case 2: this.#slot2.write8(offset, value); break
      case 3: this.#slot3.write8(offset, value); break
      case 4: this.#slot4.write8(offset, value); break
      case 5: this.#slot5.write8(offset, value); break
      case 6: this.#slot6.write8(offset, value); break
      case 7: this.#slot7.write8(offset, value); break
      case 8: this.#slot8.write8(offset, value); break
      case 9: this.#slot9.write8(offset, value); break
      case 10: this.#slot10.write8(offset, value); break
      case 11: this.#slot11.write8(offset, value); break
      case 12: this.#slot12.write8(offset, value); break
      case 13: this.#slot13.write8(offset, value); break
      case 14: this.#slot14.write8(offset, value); break
      case 15: this.#slot15.write8(offset, value); break
      case 16: this.#slot16.write8(offset, value); break
      case 17: this.#slot17.write8(offset, value); break
      case 18: this.#slot18.write8(offset, value); break
      default: this.#sendSlowly(code, port & 0xffff, value)
    }
  }

  /** Reads a byte from what `code` says. `port` may be out of range. */
  #fetch(code: number, port: number): number {
    const offset = code & Code.OffsetMask
    const slot = code >> Code.OffsetBits
    if (slot === 1) return this.#slot1.read8(offset)
    // biome-ignore format: a table
    switch (slot) {
      case 0: return 0xff
      case 2: return this.#slot2.read8(offset)
      case 3: return this.#slot3.read8(offset)
      case 4: return this.#slot4.read8(offset)
      case 5: return this.#slot5.read8(offset)
      case 6: return this.#slot6.read8(offset)
      case 7: return this.#slot7.read8(offset)
      case 8: return this.#slot8.read8(offset)
      case 9: return this.#slot9.read8(offset)
      case 10: return this.#slot10.read8(offset)
      case 11: return this.#slot11.read8(offset)
      case 12: return this.#slot12.read8(offset)
      case 13: return this.#slot13.read8(offset)
      case 14: return this.#slot14.read8(offset)
      case 15: return this.#slot15.read8(offset)
      case 16: return this.#slot16.read8(offset)
      case 17: return this.#slot17.read8(offset)
      case 18: return this.#slot18.read8(offset)
      default: return this.#fetchSlowly(code, port & 0xffff)
    }
  }

  #sendSlowly(code: number, port: number, value: number): void {
    this.#deviceAt(code).write8(this.#offsetAt(code, port), value)
  }

  #fetchSlowly(code: number, port: number): number {
    return this.#deviceAt(code).read8(this.#offsetAt(code, port))
  }

  #fillSlot(slot: number, wanted: PortDevice | undefined): void {
    const device = wanted ?? UNASSIGNED
    this.#slots[slot] = wanted
    this.#forms[slot] = formsOf(device)
    // biome-ignore format: a table
    switch (slot) {
      case 1: this.#slot1 = device; break
      case 2: this.#slot2 = device; break
      case 3: this.#slot3 = device; break
      case 4: this.#slot4 = device; break
      case 5: this.#slot5 = device; break
      case 6: this.#slot6 = device; break
      case 7: this.#slot7 = device; break
      case 8: this.#slot8 = device; break
      case 9: this.#slot9 = device; break
      case 10: this.#slot10 = device; break
      case 11: this.#slot11 = device; break
      case 12: this.#slot12 = device; break
      case 13: this.#slot13 = device; break
      case 14: this.#slot14 = device; break
      case 15: this.#slot15 = device; break
      case 16: this.#slot16 = device; break
      case 17: this.#slot17 = device; break
      case 18: this.#slot18 = device; break
    }
  }

  #read(port: number, width: 2 | 4): number {
    const first = this.#codes[port] as number
    const slot = alignedSlot(first, width)
    if (slot === 0) return this.#readPieces(port, width)
    const device = this.#slots[slot] as Required<PortDevice>
    const offset = first & Code.OffsetMask
    if ((this.#forms[slot] as number) & (width === 2 ? Form.Read16 : Form.Read32)) {
      return width === 2 ? device.read16(offset) : device.read32(offset) >>> 0
    }
    const generation = this.#generation
    let value = 0
    for (let i = 0; i < width; i++) {
      const byte = this.#generation === generation ? this.#fetch(first + i, port) : device.read8(offset + i)
      value |= byte << (8 * i)
    }
    return value >>> 0
  }

  #write(port: number, width: 2 | 4, value: number): void {
    const first = this.#codes[port] as number
    const slot = alignedSlot(first, width)
    if (slot === 0) {
      this.#writePieces(port, width, value)
      return
    }
    const device = this.#slots[slot] as Required<PortDevice>
    const offset = first & Code.OffsetMask
    if ((this.#forms[slot] as number) & (width === 2 ? Form.Write16 : Form.Write32)) {
      if (width === 2) device.write16(offset, value & 0xffff)
      else device.write32(offset, value >>> 0)
      return
    }
    const generation = this.#generation
    for (let i = 0; i < width; i++) {
      const byte = (value >>> (8 * i)) & 0xff
      if (this.#generation === generation) this.#send(first + i, port, byte)
      else device.write8(offset + i, byte)
    }
  }

  /** An access that may go to several devices, or to one that has no slot. */
  #readPieces(port: number, width: 2 | 4): number {
    let value = 0
    for (let done = 0; done < width && port + done < PORT_COUNT; ) {
      const code = this.#codes[port + done] as number
      const device = this.#deviceAt(code)
      const offset = this.#offsetAt(code, port + done)
      const step = stepSize(device, offset, width - done)
      value |= readWhole(device, offset, step) << (8 * done)
      done += step
    }
    return value >>> 0
  }

  #writePieces(port: number, width: 2 | 4, value: number): void {
    for (let done = 0; done < width && port + done < PORT_COUNT; ) {
      const code = this.#codes[port + done] as number
      const device = this.#deviceAt(code)
      const offset = this.#offsetAt(code, port + done)
      const step = stepSize(device, offset, width - done)
      writeWhole(device, offset, step, value >>> (8 * done))
      done += step
    }
  }

  /** Who answers at a port with this code. On a crowded bus this is how a device shows that the guest uses it. */
  #deviceAt(code: number): PortDevice {
    if (code < Code.FirstEntry) return this.#slots[code >> Code.OffsetBits] ?? UNASSIGNED
    const entry = this.#entries[code - Code.FirstEntry]
    if (entry === undefined) return UNASSIGNED
    if (!entry.offered) this.#offerSlot(entry)
    return entry.device
  }

  #offsetAt(code: number, port: number): number {
    if (code === 0) return port
    return code < Code.FirstEntry ? code & Code.OffsetMask : port - (this.#entries[code - Code.FirstEntry]?.start ?? 0)
  }

  #paint({ base, size }: PortRange, mapping: PortMapping | undefined): void {
    this.#generation++
    if (mapping === undefined) {
      this.#codes.fill(0, base, base + size)
      return
    }
    const { index, start } = this.#entryFor(mapping)
    const slot = this.#slots.indexOf(mapping.device)
    if (slot > 0 && fitsSlot(mapping)) {
      for (let port = base; port < base + size; port++) this.#codes[port] = (slot << Code.OffsetBits) | (port - start)
    } else this.#codes.fill(Code.FirstEntry + index, base, base + size)
  }

  #entryFor(mapping: PortMapping): Entry {
    const known = this.#entryOf.get(mapping)
    const index = known?.index ?? this.#freeEntries.pop() ?? this.#entries.length
    const start = mapping.base - mapping.offset
    const entry = { index, mapping, device: mapping.device, start, offered: known?.offered ?? false }
    this.#entryOf.set(mapping, entry)
    this.#entries[index] = entry
    return entry
  }

  /** Gives the device a slot if there is a free one among those of its class. Returns whether it has all it can have. */
  #offerSlot(entry: Entry): boolean {
    entry.offered = true
    const { device, mapping } = entry
    if (!fitsSlot(mapping) || this.#slots.includes(device)) return true
    const slot = slotFor(device, (candidate) => this.#slots[candidate] === undefined)
    if (slot === undefined) return false
    this.#fillSlot(slot, device)
    this.#map.repaint(device)
    return true
  }

  /** Takes all slots back, for those that the guest will touch. */
  #crowd(): void {
    this.#crowded = true
    const devices = this.#slots.splice(1)
    for (let slot = 1; slot <= devices.length; slot++) this.#fillSlot(slot, undefined)
    for (const device of devices) if (device !== undefined) this.#map.repaint(device)
    this.#offerAgain()
  }

  #offerAgain(): void {
    for (const entry of this.#entries) if (entry !== undefined) entry.offered = false
  }

  #forget(mapping: PortMapping, deviceLeft: boolean): void {
    const entry = this.#entryOf.get(mapping)
    if (entry !== undefined) {
      this.#entryOf.delete(mapping)
      this.#entries[entry.index] = undefined
      this.#freeEntries.push(entry.index)
    }
    const slot = this.#slots.indexOf(mapping.device)
    if (deviceLeft || slot === -1) return
    this.#fillSlot(slot, undefined)
    this.#offerAgain()
  }
}

/** The slot of the device that takes all of an access that starts at a port with this code; 0 if it has to be looked at. */
const alignedSlot = (code: number, width: number) =>
  (code & (width - 1)) === 0 && code < Code.FirstEntry ? code >> Code.OffsetBits : 0

const fitsSlot = ({ offset, size }: PortMapping) => offset + size - 1 <= Code.OffsetMask

/** The slot that a device is to take, of those that are free in its bus. */
function slotFor(device: PortDevice, isFree: (slot: number) => boolean): number | undefined {
  const prototype: object = Object.getPrototypeOf(device) ?? UNASSIGNED
  const slots = slotsOfClass.get(prototype) ?? []
  slotsOfClass.set(prototype, slots)
  const known = slots.find(isFree)
  if (known !== undefined || slots.length === SLOTS_A_CLASS) return known
  for (let tries = 0; tries < Code.Slots; tries++) {
    const dealt = (slotsDealt++ % Code.Slots) + 1
    if (isFree(dealt)) {
      slots.push(dealt)
      return dealt
    }
  }
  return undefined
}
