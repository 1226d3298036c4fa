// A PC's way to its PCI bus: an address register at port 0xcf8, the addressed register's data at 0xcfc.

import type { PortDevice } from '../bus/port-device.js'
import { checkInteger } from '../common/check.js'
import { readArray, readObject } from '../common/plain-data.js'
import { type PvpanicPci, type PvpanicPciState, parsePvpanicPciState } from '../devices/pvpanic-pci.js'

export const PCI_HOST_IOBASE = 0xcf8
export const PCI_HOST_PORTS = 8
/** Slots of the bus. */
export const PCI_SLOTS = 32

const DATA = 4
/** Address register: data accesses go to the bus. */
const ENABLED = 0x8000_0000
/** Address register: bus 0, slot in bits 11 to 15, function 0, register in the low byte. */
const BUS_AND_FUNCTION = 0x00ff_0700
const SLOT_SHIFT = 11

/** The state, as `save()` returns it and `load()` takes it. */
export interface PciHostState {
  readonly address: number
  /** The functions by slot, in ascending order. */
  readonly functions: readonly (PvpanicPciState & { readonly slot: number })[]
}

/** The host's side of the bus. Only the functions that it was given answer; the chipset's own are not there. */
export class PciHost implements PortDevice {
  readonly name = 'pci-host'
  /** The function in each slot that has one; all are function 0. */
  readonly functions: ReadonlyMap<number, PvpanicPci>
  #address = 0

  constructor(functions: ReadonlyMap<number, PvpanicPci>) {
    this.functions = functions
  }

  read8(offset: number): number {
    return this.#read(offset, 1) & 0xff
  }

  read16(offset: number): number {
    return this.#read(offset, 2) & 0xffff
  }

  read32(offset: number): number {
    return this.#read(offset, 4)
  }

  write8(offset: number, value: number): void {
    this.#writeData(offset, 1, value)
  }

  write16(offset: number, value: number): void {
    this.#writeData(offset, 2, value)
  }

  /** The address register takes nothing but a whole write. */
  write32(offset: number, value: number): void {
    if (offset === 0) this.#address = value >>> 0
    else this.#writeData(offset, 4, value)
  }

  /** Resets the functions. The address register keeps what it holds. */
  reset(): void {
    for (const each of this.functions.values()) each.reset()
  }

  /** The whole state, as plain data. */
  save(): PciHostState {
    const functions = [...this.functions].map(([slot, each]) => ({ slot, ...each.save() }))
    return { address: this.#address, functions }
  }

  /** Takes what `save()` gave; the caller has checked it. Functions that are not here are passed over. */
  load({ address, functions }: PciHostState): void {
    this.#address = address
    for (const { slot, ...state } of functions) this.functions.get(slot)?.load(state)
  }

  #read(offset: number, size: 1 | 2 | 4): number {
    if (offset < DATA) return this.#address
    return this.#addressed?.readConfig(this.#registerAt(offset), size) ?? 0xffff_ffff
  }

  #writeData(offset: number, size: 1 | 2 | 4, value: number): void {
    if (offset >= DATA) this.#addressed?.writeConfig(this.#registerAt(offset), size, value)
  }

  get #addressed(): PvpanicPci | undefined {
    if (this.#address < ENABLED || (this.#address & BUS_AND_FUNCTION) !== 0) return undefined
    return this.functions.get((this.#address >>> SLOT_SHIFT) % PCI_SLOTS)
  }

  #registerAt(offset: number): number {
    return (this.#address & 0xff) | (offset - DATA)
  }
}

/**
 * Returns `value` as a host's state, a copy, for `load()`.
 * @throws {OptionTypeError | OptionRangeError} naming the path of the first field that is wrong.
 */
export function parsePciHostState(path: string, value: unknown): PciHostState {
  const { address, functions } = readObject(path, value)
  return {
    address: checkInteger(`${path}.address`, address, 0, 0xffff_ffff),
    functions: readArray(`${path}.functions`, functions, 0, PCI_SLOTS, (where, each) => ({
      slot: checkInteger(`${where}.slot`, readObject(where, each).slot, 0, PCI_SLOTS - 1),
      ...parsePvpanicPciState(where, each),
    })),
  }
}
