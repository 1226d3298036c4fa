// pvpanic as a PCI function: the same device behind a configuration space and two bytes of memory.

import { checkInteger } from '../common/check.js'
import { readArray, readObject } from '../common/plain-data.js'
import { Pvpanic, type PvpanicDeviceState, type PvpanicOptions, parsePvpanicDeviceState } from './pvpanic.js'

/** Red Hat's vendor ID, and the device's. */
const VENDOR_ID = 0x1b36
const DEVICE_ID = 0x0011
const SUBSYSTEM_VENDOR_ID = 0x1af4
const SUBSYSTEM_ID = 0x1100
const REVISION = 1
/** "Other system peripheral", programming interface 0. */
const CLASS = 0x0880

const CONFIG_SIZE = 0x100
const COMMAND = 0x04
const REVISION_ID = 0x08
const CLASS_CODE = 0x0a
const CACHE_LINE_SIZE = 0x0c
const BAR0 = 0x10
const SUBSYSTEM = 0x2c
const INTERRUPT_LINE = 0x3c
/** From here on nothing is defined, and everything is kept that is written. */
const DEVICE_SPECIFIC = 0x40

/** Command register: the function answers at its memory. */
const COMMAND_MEMORY = 0x02
/** The bits of the registers that a write changes; of all others none. */
const WRITABLE: Readonly<Record<number, number>> = {
  ...{ [COMMAND]: 0x07, [COMMAND + 1]: 0x05, [CACHE_LINE_SIZE]: 0xff, [INTERRUPT_LINE]: 0xff },
  ...{ [BAR0]: 0xfe, [BAR0 + 1]: 0xff, [BAR0 + 2]: 0xff, [BAR0 + 3]: 0xff },
}

/** How many bytes the function's memory has. */
export const PVPANIC_PCI_MEMORY_SIZE = 2

/** The function's state, as `save()` returns it and `load()` takes it. */
export interface PvpanicPciState extends PvpanicDeviceState {
  /** The 256 bytes of the configuration space. */
  readonly config: readonly number[]
}

/**
 * The PCI function pvpanic-pci: 1b36:0011, one 32-bit memory BAR of two bytes, no interrupt, no capabilities. For an
 * emulator that has a PCI bus: it routes configuration accesses to `readConfig` and `writeConfig`, and memory accesses at
 * `memoryAddress` to `readMemory` and `writeMemory`. Recorded from QEMU 7.2, 10.0 and 11.1.
 */
export class PvpanicPci {
  readonly name = 'pvpanic-pci'
  /** The device behind both fronts: its events, and how often each was reported. */
  readonly device: Pvpanic
  readonly #config = new Uint8Array(CONFIG_SIZE)

  /** @throws {OptionRangeError | OptionTypeError} if `events` is not in 0..0xff, or `knownEvents` not in 0..7. */
  constructor(options: PvpanicOptions = {}) {
    this.device = new Pvpanic(options)
    this.#put(0, 4, (DEVICE_ID << 16) | VENDOR_ID)
    this.#put(REVISION_ID, 1, REVISION)
    this.#put(CLASS_CODE, 2, CLASS)
    this.#put(SUBSYSTEM, 4, (SUBSYSTEM_ID << 16) | SUBSYSTEM_VENDOR_ID)
  }

  /** Where the memory is, 0..0xffffffff; undefined while the guest has not enabled it, or has not given it an address. */
  get memoryAddress(): number | undefined {
    const address = this.readConfig(BAR0, 4)
    const isEnabled = (this.readConfig(COMMAND, 2) & COMMAND_MEMORY) !== 0
    return isEnabled && address !== 0 && address !== SIZING ? address : undefined
  }

  /**
   * Reads the configuration space.
   * @param offset 0..0xff. What lies beyond the end reads as 0.
   * @returns an unsigned value of `size` bytes.
   */
  readConfig(offset: number, size: 1 | 2 | 4): number {
    let value = 0
    for (let i = 0; i < size; i++) value |= (this.#config[offset + i] ?? 0) << (8 * i)
    return value >>> 0
  }

  /**
   * Writes the low `size` bytes of `value` to the configuration space. Only what can be written changes.
   * @param offset 0..0xff.
   */
  writeConfig(offset: number, size: 1 | 2 | 4, value: number): void {
    for (let i = 0; i < size; i++) {
      const at = offset + i
      const mask = at >= DEVICE_SPECIFIC ? 0xff : (WRITABLE[at] ?? 0)
      this.#put(at, 1, ((this.#config[at] ?? 0) & ~mask) | ((value >>> (8 * i)) & mask))
    }
  }

  /**
   * Reads the memory. At its first byte an access of any width reads `events` in each byte; at its second, one byte.
   * @param offset from `memoryAddress`, 0 or 1.
   */
  readMemory(offset: number, size: 1 | 2 | 4): number {
    const count = sizeTaken(offset, size)
    let value = 0
    for (let i = 0; i < count; i++) value |= this.device.events << (8 * i)
    return value >>> 0
  }

  /**
   * Writes the memory. At its first byte each byte of the access counts, low one first; at its second, one byte.
   * @param offset from `memoryAddress`, 0 or 1.
   */
  writeMemory(offset: number, size: 1 | 2 | 4, value: number): void {
    const count = sizeTaken(offset, size)
    if (count === 1) this.device.write8(0, value & 0xff)
    else if (count === 2) this.device.write16(0, value & 0xffff)
    else if (count === 4) this.device.write32(0, value >>> 0)
  }

  /** Takes the function's memory away, until the guest enables it again. */
  reset(): void {
    for (const register of Object.keys(WRITABLE)) this.#config[Number(register)] = 0
  }

  /** The whole state, as plain data. */
  save(): PvpanicPciState {
    return { config: [...this.#config], ...this.device.save() }
  }

  /** Takes what `save()` gave; the caller has checked it. What cannot be written stays as it is. */
  load({ config, ...device }: PvpanicPciState): void {
    for (const [register, byte] of config.entries()) this.writeConfig(register, 1, byte)
    this.device.load(device)
  }

  #put(offset: number, size: number, value: number): void {
    for (let i = 0; i < size; i++) this.#config[offset + i] = (value >>> (8 * i)) & 0xff
  }
}

/** What the BAR reads after all ones were written, by which a guest finds out how large the memory is. */
const SIZING = 0xffff_fffe

/** How many bytes of an access the memory takes. */
function sizeTaken(offset: number, size: 1 | 2 | 4): number {
  if (offset === 0) return size
  return offset < PVPANIC_PCI_MEMORY_SIZE ? 1 : 0
}

/**
 * Returns `value` as a function's state, a copy.
 * @throws {OptionTypeError | OptionRangeError} naming the path of the first field that is wrong.
 */
export function parsePvpanicPciState(path: string, value: unknown): PvpanicPciState {
  const { config } = readObject(path, value)
  return {
    config: readArray(`${path}.config`, config, CONFIG_SIZE, CONFIG_SIZE, (where, byte) =>
      checkInteger(where, byte, 0, 0xff),
    ),
    ...parsePvpanicDeviceState(path, value),
  }
}
