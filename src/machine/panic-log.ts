// What guests reported, in a ring of fixed size: a guest can write millions of reports and the host's memory stays flat.

import { checkInteger, checkOneOf, OptionTypeError } from '../common/check.js'
import { INSPECT, type Inspect, inspected } from '../common/inspect.js'
import { kindOf } from '../common/kind-of.js'
import { readArray, readCount, readObject } from '../common/plain-data.js'
import type { PvpanicEvent } from '../devices/pvpanic.js'

/** One report of the guest. */
export interface PanicLogEntry {
  readonly event: PvpanicEvent
  /** The byte that was written, 0..0xff. */
  readonly value: number
  /** Milliseconds since 1970. */
  readonly time: number
}

/** The log as `save()` returns it. */
export interface PanicLogState {
  readonly total: number
  readonly entries: readonly PanicLogEntry[]
}

const PVPANIC_EVENTS: readonly PvpanicEvent[] = ['panicked', 'crash-loaded', 'shutdown']
const LARGEST_LOG = 1 << 20

/** The newest reports, and how many there ever were. */
export class PanicLog {
  /** How many entries it keeps. */
  readonly size: number
  // One typed array a field: adding an entry allocates nothing.
  readonly #events: Uint8Array
  readonly #values: Uint8Array
  readonly #times: Float64Array
  #total = 0
  #kept = 0
  #next = 0

  /** @throws {RangeError | TypeError} if `size` is not in 0..0x100000. */
  constructor(size: number) {
    this.size = checkInteger('logSize', size, 0, LARGEST_LOG)
    this.#events = new Uint8Array(size)
    this.#values = new Uint8Array(size)
    this.#times = new Float64Array(size)
  }

  /** Reports since the machine was made, those not kept included. */
  get total(): number {
    return this.#total
  }

  /** Reports that were overwritten by newer ones. */
  get dropped(): number {
    return this.#total - this.#kept
  }

  /** The reports kept, oldest first. */
  entries(): PanicLogEntry[] {
    return Array.from({ length: this.#kept }, (_, index) => {
      const at = (this.#next + this.size - this.#kept + index) % this.size
      return {
        event: PVPANIC_EVENTS[this.#events[at] ?? 0] ?? 'panicked',
        value: this.#values[at] ?? 0,
        time: this.#times[at] ?? 0,
      }
    })
  }

  /** Its counts and entries. `console.log` shows the same. */
  toJSON(): { total: number; dropped: number; entries: PanicLogEntry[] } {
    return { total: this.total, dropped: this.dropped, entries: this.entries() }
  }

  /** What `console.log` shows in Node. */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return inspected(this, options, inspect)
  }

  /** @internal */
  add(event: PvpanicEvent, value: number, time: number): void {
    const at = this.#next
    this.#events[at] = event === 'panicked' ? 0 : event === 'crash-loaded' ? 1 : 2
    this.#values[at] = value
    this.#times[at] = time
    this.#next = at + 1 < this.size ? at + 1 : 0
    if (this.#kept < this.size) this.#kept++
    this.#total++
  }

  /** @internal */
  save(): PanicLogState {
    return { total: this.#total, entries: this.entries() }
  }

  /** @internal Keeps the newest entries that fit. */
  load({ total, entries }: PanicLogState): void {
    this.#next = 0
    this.#kept = 0
    for (const { event, value, time } of entries) this.add(event, value, time)
    this.#total = total
  }
}

/**
 * Returns `value` as a log's state, a copy.
 * @throws {OptionTypeError | OptionRangeError} naming the path of the first field that is wrong.
 */
export function parsePanicLogState(path: string, value: unknown): PanicLogState {
  const { total, entries } = readObject(path, value)
  const parsed = readArray(`${path}.entries`, entries, 0, LARGEST_LOG, parseEntry)
  return { total: readCount(`${path}.total`, total, parsed.length), entries: parsed }
}

function parseEntry(path: string, value: unknown): PanicLogEntry {
  const { event, value: byte, time } = readObject(path, value)
  if (typeof time !== 'number' || !Number.isFinite(time)) {
    const got = typeof time === 'number' ? time : kindOf(time)
    throw new OptionTypeError(`${path}.time`, `expected milliseconds since 1970, got ${got}`)
  }
  return {
    event: checkOneOf(`${path}.event`, event, PVPANIC_EVENTS),
    value: checkInteger(`${path}.value`, byte, 0, 0xff),
    time,
  }
}
