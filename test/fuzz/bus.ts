// The bus beside a plain table of 65,536 ports, with devices that change the mappings and use the bus in mid-access.

import { deepStrictEqual } from 'node:assert'
import { IoPortBus, type IoPortBusOptions } from '../../src/bus/io-port-bus.js'
import type { PortDevice } from '../../src/bus/port-device.js'
import { WIDE_ACCESSES } from '../../src/bus/wide-access.js'
import { generator, type Random } from '../random.js'
import { type FuzzBus, type FuzzMapping, ReferenceBus } from './reference-bus.js'
import type { FuzzTarget, Tally } from './target.js'

const DEVICES = 24
const STEPS = 150
/** How deep devices use the bus from within an access, and how many actions one access can set off. */
const DEEPEST = 3
const MOST_REACTIONS = 30

/** One bus with its devices. The same steps on both worlds must reach the same devices with the same bytes. */
class World {
  readonly log: string[] = []
  readonly mappings: { readonly mapping: FuzzMapping; readonly size: number }[] = []
  readonly devices: readonly PortDevice[]
  #depth = 0
  #reactions = 0

  /** @param seed of what the devices are and do. */
  constructor(
    readonly bus: FuzzBus,
    seed: number,
  ) {
    this.devices = Array.from({ length: DEVICES }, (_, index) => this.#makeDevice(index, generator(seed + index)))
  }

  /** Does what `random` chooses. */
  step(random: Random): void {
    this.#reactions = 0
    this.#act(random)
  }

  #act(random: Random): void {
    const choice = random.below(20)
    if (choice < 2) this.#map(random)
    else if (choice === 2) this.#move(random)
    else if (choice === 3) this.#unmap(random)
    else this.#access(random, choice)
  }

  #map(random: Random): void {
    const [base, device] = [choosePort(random), this.devices[random.below(DEVICES)]]
    const size = Math.min(random.pick([1, 1, 2, 3, 4, 8, 16, 300, 0x10000]), 0x10000 - base)
    const options = { priority: random.pick([0, 0, 0, 1, -1]), offset: random.pick([0, 0, 0, 1, 6, 253, 1000]) }
    if (device === undefined || this.mappings.length >= 200) return
    this.mappings.push({ mapping: this.bus.map(base, size, device, options), size })
  }

  #move(random: Random): void {
    const { mapping, size } = this.mappings[random.below(this.mappings.length + 1)] ?? {}
    mapping?.move(Math.min(choosePort(random), 0x10000 - (size ?? 0)))
  }

  #unmap(random: Random): void {
    const [gone] = this.mappings.splice(random.below(this.mappings.length + 1), 1)
    gone?.mapping.unmap()
  }

  #access(random: Random, choice: number): void {
    const port = choosePort(random) + random.pick([0, 0, 0, 0, 0x10000, -0x10000])
    const value = random.below(2 ** 32)
    // biome-ignore format: a table
    switch (choice % 8) {
      case 0: this.bus.outb(port, value); break
      case 1: this.bus.outw(port, value); break
      case 2: this.bus.outl(port, value); break
      case 3: this.log.push(`inb ${this.bus.inb(port)}`); break
      case 4: this.log.push(`inw ${this.bus.inw(port)}`); break
      case 5: this.log.push(`inl ${this.bus.inl(port)}`); break
      case 6: this.bus.outsb(port, Uint8Array.from({ length: random.below(9) }, () => random.below(0x100))); break
      default: {
        const into = new Uint8Array(random.below(9))
        this.bus.insb(port, into)
        this.log.push(`insb ${into}`)
      }
    }
  }

  /** A device of a class of its own or of one that others share, with any of the wide forms. */
  #makeDevice(index: number, random: Random): PortDevice {
    const react = () => {
      if (!random.chance(0.15) || this.#depth >= DEEPEST || this.#reactions >= MOST_REACTIONS) return
      this.#reactions++
      this.#depth++
      this.#act(random)
      this.#depth--
    }
    const read = (form: string, limit: number) => (offset: number) => {
      const value = random.below(limit)
      this.log.push(`${index} ${form} ${offset} = ${value}`)
      react()
      return value
    }
    const write = (form: string) => (offset: number, value: number) => {
      this.log.push(`${index} ${form} ${offset} ${value}`)
      react()
    }
    const device: { -readonly [Key in keyof PortDevice]: PortDevice[Key] } = Object.create(
      random.chance(0.5) ? SHARED_PROTOTYPE : {},
    )
    device.name = `device ${index}`
    device.read8 = read('read8', 0x100)
    device.write8 = write('write8')
    if (random.chance(0.2)) device.read16 = read('read16', 0x10000)
    if (random.chance(0.2)) device.write16 = write('write16')
    if (random.chance(0.2)) device.read32 = read('read32', 2 ** 32)
    if (random.chance(0.2)) device.write32 = write('write32')
    if (random.chance(0.15)) device.unaligned = true
    if (random.chance(0.1)) device.writeBlock = (offset, from) => write('writeBlock')(offset, from.length)
    if (random.chance(0.1)) device.readBlock = (offset, into) => into.fill(read('readBlock', 0x100)(offset))
    return device
  }
}

const SHARED_PROTOTYPE = {}

/** Ports near each other and at both ends of the space, so that mappings overlap. */
function choosePort(random: Random): number {
  return random.chance(0.85) ? random.below(0x30) : random.pick([0xfffc, 0xfffd, 0xfffe, 0xffff, 0x505, 0x8000])
}

type MakeBus = (options: IoPortBusOptions) => FuzzBus

/** @param make another one than ours shows that a fault is found. */
export function busTarget(make: MakeBus = (options) => new IoPortBus(options)): FuzzTarget {
  return { name: 'bus', run: (random, tally) => run(make, random, tally) }
}

function run(make: MakeBus, random: Random, tally: Tally): void {
  const options = {
    wideAccess: random.pick(['split', 'split', ...WIDE_ACCESSES] as const),
    pastLastPort: random.pick([0, 0, 0xff] as const),
  }
  const deviceSeed = random.below(2 ** 32)
  const ours = new World(make(options), deviceSeed)
  const reference = new World(new ReferenceBus(options), deviceSeed)
  for (let left = STEPS; left > 0; left--) {
    const stepSeed = random.below(2 ** 32)
    ours.step(generator(stepSeed))
    reference.step(generator(stepSeed))
    deepStrictEqual(ours.log, reference.log)
    tally.inputs += 1 + ours.log.length
    ours.log.length = 0
    reference.log.length = 0
  }
}
