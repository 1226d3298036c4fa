// The call sites of the bus: how a byte gets to its device, and which device gets a site of its own.
//
// Why it looks as it does. One call site for all devices, `device.write8(...)`, turns megamorphic at the fifth class: V8
// then looks the method up for each access and inlines nothing. So a device gets one of 16 slots, and each slot has a field
// and a call site in the switches below: the site sees one class, and the device's method is inlined there. What else
// mattered on Node 22, 24 and 26, each measured in processes of its own (bench/, docs/benchmarks.md):
// - TurboFan inlines a function of at most 460 bytes of bytecode, and 920 in all. A case that returns what it calls takes
//   the fewest bytes, so that `readSlot` and `writeSlot` stay far below that (test/bus/bytecode.test.ts holds them there).
// - The receivers are written out as `this.slot7.write8`: for one variable V8 shares a single inline cache between all
//   cases of a switch, and every site is megamorphic again. Variables of their own do as well (`readShared`).
// - The first slot goes before the table: a jump through the table costs a tenth of an access that does nothing else.
// - A class gets the same slots in every bus of the process, so that buses of different layout share the sites well.
// Devices that find no slot share six sites, a class always the same one: each site sees few classes, and costs half more.

import type { PortDevice } from './port-device.js'
import { formsOf } from './wide-access.js'

/** What no mapping covers: reads all ones, swallows writes. A region of its own, so wide accesses can start in it. */
export const UNASSIGNED: PortDevice = { name: 'unassigned', read8: () => 0xff, write8() {} }

/** An enum, since the bundler turns a constant into a variable that V8 reloads. */
export enum Sites {
  Slots = 16,
  /** Slots that one class can have in a bus, so that a board full of one device leaves some to the others. */
  SlotsAClass = 4,
  Shared = 6,
}

/** The slots of one bus. Slot 0 is where nobody answers. */
export class PortSlots {
  /** The device in each slot, as the fields below hold them. */
  readonly devices: (PortDevice | undefined)[] = [UNASSIGNED]
  /** The wide forms of each slot's device, so that it need not be asked. */
  readonly forms = new Uint8Array(Sites.Slots + 1)
  private slot1: PortDevice = UNASSIGNED
  private slot2: PortDevice = UNASSIGNED
  private slot3: PortDevice = UNASSIGNED
  private slot4: PortDevice = UNASSIGNED
  private slot5: PortDevice = UNASSIGNED
  private slot6: PortDevice = UNASSIGNED
  private slot7: PortDevice = UNASSIGNED
  private slot8: PortDevice = UNASSIGNED
  private slot9: PortDevice = UNASSIGNED
  private slot10: PortDevice = UNASSIGNED
  private slot11: PortDevice = UNASSIGNED
  private slot12: PortDevice = UNASSIGNED
  private slot13: PortDevice = UNASSIGNED
  private slot14: PortDevice = UNASSIGNED
  private slot15: PortDevice = UNASSIGNED
  private slot16: PortDevice = UNASSIGNED

  readSlot(slot: number, offset: number): number {
    if (slot === 1) return this.slot1.read8(offset)
    // biome-ignore format: a table
    switch (slot) {
      case 2: return this.slot2.read8(offset)
      case 3: return this.slot3.read8(offset)
      case 4: return this.slot4.read8(offset)
      case 5: return this.slot5.read8(offset)
      case 6: return this.slot6.read8(offset)
      case 7: return this.slot7.read8(offset)
      case 8: return this.slot8.read8(offset)
      case 9: return this.slot9.read8(offset)
      case 10: return this.slot10.read8(offset)
      case 11: return this.slot11.read8(offset)
      case 12: return this.slot12.read8(offset)
      case 13: return this.slot13.read8(offset)
      case 14: return this.slot14.read8(offset)
      case 15: return this.slot15.read8(offset)
      case 16: return this.slot16.read8(offset)
    }
    return 0xff
  }

  /** Returns nothing: a case that returns what it calls takes the fewest bytes. */
  writeSlot(slot: number, offset: number, value: number): unknown {
    if (slot === 1) return this.slot1.write8(offset, value)
    // biome-ignore format: a table
    switch (slot) {
      case 2: return this.slot2.write8(offset, value)
      case 3: return this.slot3.write8(offset, value)
      case 4: return this.slot4.write8(offset, value)
      case 5: return this.slot5.write8(offset, value)
      case 6: return this.slot6.write8(offset, value)
      case 7: return this.slot7.write8(offset, value)
      case 8: return this.slot8.write8(offset, value)
      case 9: return this.slot9.write8(offset, value)
      case 10: return this.slot10.write8(offset, value)
      case 11: return this.slot11.write8(offset, value)
      case 12: return this.slot12.write8(offset, value)
      case 13: return this.slot13.write8(offset, value)
      case 14: return this.slot14.write8(offset, value)
      case 15: return this.slot15.write8(offset, value)
      case 16: return this.slot16.write8(offset, value)
    }
    return undefined
  }

  /** The slot that `device` has, or has now; 0 if there is none for it. */
  take(device: PortDevice): number {
    const own = this.devices.indexOf(device)
    if (own > 0) return own
    const first = classNumber(device)
    for (let tries = 0; tries < Sites.SlotsAClass; tries++) {
      // Five steps apart: the further slots of one class are the first ones of others that came much later.
      const slot = ((first + 5 * tries) % Sites.Slots) + 1
      if (this.devices[slot] !== undefined) continue
      this.#fill(slot, device)
      return slot
    }
    return 0
  }

  /** Frees the device's slot, if it has one. */
  free(device: PortDevice): void {
    const slot = this.devices.indexOf(device)
    if (slot > 0) this.#fill(slot, undefined)
  }

  #fill(slot: number, device: PortDevice | undefined): void {
    const present = device ?? UNASSIGNED
    this.devices[slot] = device
    this.forms[slot] = formsOf(present)
    Object.assign(this, { [`slot${slot}`]: present })
  }
}

/** Reads a byte from a device without a slot. */
export function readShared(site: number, device: PortDevice, offset: number): number {
  // Each case has a variable of its own, and so an inline cache of its own.
  // biome-ignore format: a table
  switch (site) {
    case 0: { const own = device; return own.read8(offset) }
    case 1: { const own = device; return own.read8(offset) }
    case 2: { const own = device; return own.read8(offset) }
    case 3: { const own = device; return own.read8(offset) }
    case 4: { const own = device; return own.read8(offset) }
    default: { const own = device; return own.read8(offset) }
  }
}

/** Writes a byte to a device without a slot. */
export function writeShared(site: number, device: PortDevice, offset: number, value: number): unknown {
  // biome-ignore format: a table
  switch (site) {
    case 0: { const own = device; return own.write8(offset, value) }
    case 1: { const own = device; return own.write8(offset, value) }
    case 2: { const own = device; return own.write8(offset, value) }
    case 3: { const own = device; return own.write8(offset, value) }
    case 4: { const own = device; return own.write8(offset, value) }
    default: { const own = device; return own.write8(offset, value) }
  }
}

/** The site at which the devices of its class are called, among those that share. */
export const sharedSite = (device: PortDevice): number => classNumber(device) % Sites.Shared

/** Classes in the order in which they came, by a method of theirs: objects that are no class's differ in it. */
const classNumbers = new WeakMap<object, number>()
let classes = 0

function classNumber({ write8 }: PortDevice): number {
  const known = classNumbers.get(write8)
  if (known !== undefined) return known
  classNumbers.set(write8, classes)
  return classes++
}
