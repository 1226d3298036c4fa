// The pvpanic device: one byte-wide port through which a guest tells its host that it panicked.

import type { PortDevice } from '../bus/port-device.js'
import { checkInteger } from '../common/check.js'
import { readCount, readObject } from '../common/plain-data.js'

/** Bit 0: the guest has panicked. */
export const PVPANIC_PANICKED = 1
/** Bit 1: the guest has panicked and hands over to a crash kernel, which will handle it. */
export const PVPANIC_CRASH_LOADED = 2
/** Bit 2: the guest shuts down (QEMU 9.1 and later). */
export const PVPANIC_SHUTDOWN = 4
/** The port unless another is asked for. */
export const PVPANIC_DEFAULT_IOBASE = 0x505

const ALL_EVENTS = PVPANIC_PANICKED | PVPANIC_CRASH_LOADED | PVPANIC_SHUTDOWN

/** What a byte written to the port reports, most urgent first: one byte reports at most one event. */
export type PvpanicEvent = 'panicked' | 'crash-loaded' | 'shutdown'

/** What a pvpanic device offers its guest, and whom it tells. */
export interface PvpanicOptions {
  /** What a read of the port shows: the events that the host handles. 0..0xff; 7 unless given. */
  readonly events?: number
  /** The bits that a write acts on, a mask of 0..7; QEMU knew 1 before 5.0, 3 before 9.1, 7 since. 7 unless given. */
  readonly knownEvents?: number
  /** Told of each event, with the byte (0..0xff) that the guest wrote. */
  onEvent?(event: PvpanicEvent, value: number): void
  /** Told once the guest's access is over, if any of its one, two or four bytes was an event. */
  onAccessEnd?(): void
}

/** How often each thing was written, for as long as the device lives; a reset keeps the counts. */
export interface PvpanicCounts {
  readonly panicked: number
  readonly crashLoaded: number
  readonly shutdown: number
  /** Bytes with any bit set that the device does not know, whatever else was in them. */
  readonly unknown: number
}

/** The device's state, as `save()` returns it and `load()` takes it: nothing that a guest could read. */
export interface PvpanicDeviceState {
  readonly counts: PvpanicCounts
}

/**
 * The ISA pvpanic device. A read shows `events`, whatever has been written. `events` advertises and does not filter:
 * a byte acts by its lowest known bit. The offset plays no part, so each byte of a wide access counts (QEMU 7.2, recorded).
 *
 * Map it at one port: `bus.map(PVPANIC_DEFAULT_IOBASE, 1, new Pvpanic({ onEvent }))`.
 */
export class Pvpanic implements PortDevice {
  readonly name = 'pvpanic'
  /** What a read of the port shows. */
  readonly events: number
  #counts = { panicked: 0, crashLoaded: 0, shutdown: 0, unknown: 0 }
  readonly #known: number
  readonly #options: PvpanicOptions

  /** @throws {RangeError | TypeError} if `events` is not in 0..0xff, or `knownEvents` not in 0..7. */
  constructor(options: PvpanicOptions = {}) {
    this.events = checkInteger('events', options.events ?? ALL_EVENTS, 0, 0xff)
    this.#known = checkInteger('knownEvents', options.knownEvents ?? ALL_EVENTS, 0, ALL_EVENTS)
    this.#options = options
  }

  /** How often each thing was written until now. */
  get counts(): PvpanicCounts {
    return { ...this.#counts }
  }

  read8(_offset: number): number {
    return this.events
  }

  write8(_offset: number, value: number): void {
    if (value !== 0) this.#writeBytes(1, value)
  }

  write16(_offset: number, value: number): void {
    this.#writeBytes(2, value)
  }

  write32(_offset: number, value: number): void {
    this.#writeBytes(4, value)
  }

  /** The counts, as plain data. */
  save(): PvpanicDeviceState {
    return { counts: this.counts }
  }

  /** Takes what `save()` gave; the caller has checked it. Nothing is reported. */
  load({ counts }: PvpanicDeviceState): void {
    this.#counts = { ...counts }
  }

  #writeBytes(count: number, value: number): void {
    let reported = false
    for (let i = 0; i < count; i++) reported = this.#writeByte((value >>> (8 * i)) & 0xff) || reported
    if (reported) this.#options.onAccessEnd?.()
  }

  /** Returns whether the byte was an event. */
  #writeByte(value: number): boolean {
    const known = value & this.#known
    if (known !== value) this.#counts.unknown++
    if (known === 0) return false
    if (known & PVPANIC_PANICKED) {
      this.#counts.panicked++
      this.#options.onEvent?.('panicked', value)
    } else if (known & PVPANIC_CRASH_LOADED) {
      this.#counts.crashLoaded++
      this.#options.onEvent?.('crash-loaded', value)
    } else {
      this.#counts.shutdown++
      this.#options.onEvent?.('shutdown', value)
    }
    return true
  }
}

/**
 * Returns `value` as a pvpanic device's state, a copy.
 * @throws {OptionTypeError | OptionRangeError} naming the path of the first field that is wrong.
 */
export function parsePvpanicDeviceState(path: string, value: unknown): PvpanicDeviceState {
  const counts = readObject(`${path}.counts`, readObject(path, value).counts)
  const read = (name: keyof PvpanicCounts) => readCount(`${path}.counts.${name}`, counts[name])
  return {
    counts: {
      panicked: read('panicked'),
      crashLoaded: read('crashLoaded'),
      shutdown: read('shutdown'),
      unknown: read('unknown'),
    },
  }
}
