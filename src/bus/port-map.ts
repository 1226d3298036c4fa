// Which mapping answers at which port: overlap, priority, moving and unmapping. Nothing here runs when a guest does I/O.

import { checkFunction, checkInteger, OptionRangeError, OptionTypeError } from '../common/check.js'
import { hex } from '../common/hex.js'
import type { PortDevice } from './port-device.js'

/** How many ports an x86 processor can address. */
export const PORT_COUNT = 0x10000

/** A run of ports, `base` .. `base + size - 1`. */
export interface PortRange {
  readonly base: number
  readonly size: number
}

/** What a mapping may say beside its ports and its device. */
export interface MapOptions {
  /** Where mappings overlap the higher priority wins, among equals the one mapped last. An integer; 0 unless given. */
  readonly priority?: number
  /** The device's offset at the mapping's first port, for a device that shows at several windows. 0..0xffff; 0 unless given. */
  readonly offset?: number
}

/** A window of the port space in which a device answers, as `IoPortBus.map` made it. */
export interface PortMapping extends PortRange {
  readonly device: PortDevice
  readonly priority: number
  readonly offset: number
  /** The ports of the window at which the device is reached; the others are shadowed. Empty once unmapped. */
  readonly visible: readonly PortRange[]
  /** The mappings that answer in this one's place at the remaining ports. */
  readonly shadowedBy: readonly PortMapping[]
  /**
   * Moves the window to another base. It keeps its place among mappings of its priority.
   * @throws {RangeError | TypeError} if the window would leave 0..0xffff.
   * @throws {Error} if it is not mapped any more.
   */
  move(base: number): void
  /**
   * Takes the window away; what lay below answers again.
   * @throws {Error} if that was done before.
   */
  unmap(): void
}

/** Told whenever something changes. */
export interface PortMapObserver {
  /** From now on `mapping` answers at these ports, or nobody if undefined. */
  paint(range: PortRange, mapping: PortMapping | undefined): void
  /** The mapping is gone; `deviceLeft` if its device is still mapped elsewhere. */
  removed(mapping: PortMapping, deviceLeft: boolean): void
}

/** Told of a run of ports whose owner may have changed. */
export type PortChangeListener = (changed: PortRange) => void

/** The mappings of a bus as layers, painted from the bottom to the top. */
export class PortMap {
  readonly #layers: Mapping[] = []
  readonly #observer: PortMapObserver
  #listeners: readonly PortChangeListener[] = []

  constructor(observer: PortMapObserver) {
    this.#observer = observer
  }

  /** How many mappings there are. */
  get size(): number {
    return this.#layers.length
  }

  /** Adds a window on top of those with the same or a lower priority. */
  add(base: number, size: number, device: PortDevice, { priority = 0, offset = 0 }: MapOptions): PortMapping {
    if (typeof device?.read8 !== 'function' || typeof device.write8 !== 'function') {
      throw new OptionTypeError('device', 'expected an object with read8(offset) and write8(offset, value)')
    }
    checkWindow(base, size)
    checkInteger('priority', priority, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
    checkInteger('offset', offset, 0, PORT_COUNT - 1)
    const mapping = new Mapping(this, device, base, size, priority, offset)
    const above = this.#layers.findIndex((other) => other.priority > priority)
    this.#layers.splice(above === -1 ? this.#layers.length : above, 0, mapping)
    this.#paint(mapping)
    this.#changed({ base, size })
    return mapping
  }

  /** Calls `listener` after every change; returns what ends that. */
  onChange(listener: PortChangeListener): () => void {
    checkFunction('listener', listener)
    // A function of its own for each call, so that a listener added twice is removed once.
    const own: PortChangeListener = (range) => listener(range)
    this.#listeners = [...this.#listeners, own]
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== own)
    }
  }

  remove(mapping: Mapping): void {
    this.#layers.splice(this.#indexOf(mapping), 1)
    this.#paint(mapping)
    const deviceLeft = this.#layers.some((layer) => layer.device === mapping.device)
    this.#observer.removed(mapping, deviceLeft)
    this.#changed({ base: mapping.base, size: mapping.size })
  }

  move(mapping: Mapping, base: number): void {
    this.#indexOf(mapping)
    const { size } = mapping
    checkWindow(base, size)
    const before = { base: mapping.base, size }
    mapping.base = base
    this.#paint(before)
    this.#paint(mapping)
    this.#changed(before)
    this.#changed({ base, size })
  }

  /** Every mapping, by base port; of those with the same base the one that wins comes first. */
  list(): PortMapping[] {
    return this.#layers.toReversed().sort((a, b) => a.base - b.base)
  }

  /** Who answers at each port of `range`. */
  owners({ base, size }: PortRange): (Mapping | undefined)[] {
    const owners = new Array<Mapping | undefined>(size).fill(undefined)
    for (const layer of this.#layers) {
      if (layer.base < base + size && base < layer.base + layer.size) {
        owners.fill(layer, Math.max(0, layer.base - base), layer.base + layer.size - base)
      }
    }
    return owners
  }

  #paint(range: PortRange): void {
    const end = range.base + range.size
    this.#observer.paint(range, undefined)
    for (const layer of this.#layers) {
      const base = Math.max(range.base, layer.base)
      const size = Math.min(end, layer.base + layer.size) - base
      if (size > 0) this.#observer.paint({ base, size }, layer)
    }
  }

  #changed(range: PortRange): void {
    for (const listener of this.#listeners) listener(range)
  }

  #indexOf(mapping: Mapping): number {
    const index = this.#layers.indexOf(mapping)
    if (index === -1)
      throw new Error(`mapping of ${mapping.device.name} is not on the bus any more: it was unmapped before`)
    return index
  }
}

class Mapping implements PortMapping {
  readonly #map: PortMap

  constructor(
    map: PortMap,
    readonly device: PortDevice,
    public base: number,
    readonly size: number,
    readonly priority: number,
    readonly offset: number,
  ) {
    this.#map = map
  }

  get visible(): PortRange[] {
    const runs: { base: number; size: number }[] = []
    this.#map.owners(this).forEach((owner, index) => {
      if (owner !== this) return
      const port = this.base + index
      const last = runs.at(-1)
      if (last !== undefined && last.base + last.size === port) last.size++
      else runs.push({ base: port, size: 1 })
    })
    return runs
  }

  get shadowedBy(): PortMapping[] {
    const others = new Set(this.#map.owners(this))
    return [...others].filter((owner) => owner !== undefined && owner !== this) as PortMapping[]
  }

  move(base: number): void {
    this.#map.move(this, base)
  }

  unmap(): void {
    this.#map.remove(this)
  }
}

function checkWindow(base: number, size: number): void {
  checkInteger('base', base, 0, PORT_COUNT - 1)
  checkInteger('size', size, 1, PORT_COUNT)
  if (base + size > PORT_COUNT) {
    throw new OptionRangeError(
      'size',
      `a window at port ${hex(base)} can hold at most ${PORT_COUNT - base} ports, got ${size}`,
    )
  }
}
