// Saved machines with every field in turn damaged: refused with nothing changed, or taken whole.

import { deepStrictEqual, ok } from 'node:assert'
import { PVPANIC_PANICKED } from '../../src/devices/pvpanic.js'
import { Machine } from '../../src/machine/machine.js'
import { MachineError } from '../../src/machine/machine-error.js'
import type { Random } from '../random.js'
import { bytesOf, latin1, mutateBytes, NASTY_VALUES } from './mutate.js'
import type { FuzzTarget, Tally } from './target.js'

const PORT = 0x505
const LOADS = 40

function run(random: Random, tally: Tally): void {
  const saved = usedMachine(random).save()
  const text = JSON.stringify(saved)
  let machine = usedMachine(random)
  for (let left = LOADS; left > 0; left--) {
    const damaged = random.chance(0.3) ? damageText(random, text) : damageField(random, JSON.parse(text))
    tally.inputs++
    if (machine.exitCode !== undefined) machine = usedMachine(random)
    loadOrRefuse(machine, damaged)
  }
  exercise(random, machine, tally)
}

/** A machine with something in every part of its state. */
function usedMachine(random: Random): Machine {
  const machine = new Machine({
    qemu: '7.2',
    onPanic: random.pick(['reset', 'preserve', 'log', 'destroy']),
    shutdownAction: random.pick(['pause', 'poweroff']),
    logSize: 4,
  })
  for (let left = random.below(60); left > 0; left--) machine.bus.outb(choosePort(random), random.below(0x100))
  if (machine.exitCode === undefined && random.chance(0.3)) machine.stop()
  return machine
}

const choosePort = (random: Random) =>
  random.pick([PORT, random.below(0x10), 0x80 + random.below(0x10), 0xc0 + random.below(0x20)])

function loadOrRefuse(machine: Machine, state: unknown): void {
  const before = machine.save()
  try {
    machine.load(state)
  } catch (error) {
    const isEnd = error instanceof MachineError && before.exitCode !== null
    ok(error instanceof TypeError || error instanceof RangeError || isEnd, `refused by ${String(error)}`)
    ok(isEnd || /^state\b/.test(error.message), `refused without a path: ${error.message}`)
    deepStrictEqual(machine.save(), before)
    return
  }
  const { pvpanics, panics, ...after } = machine.save()
  const given = state as typeof before
  checkSame('state', after, given)
  checkSame('state.panics', panics, {
    ...given.panics,
    entries: given.panics.entries.slice(-panics.entries.length || 4),
  })
  for (const [index, { counts }] of pvpanics.entries())
    checkSame('counts', counts, given.pvpanics[index]?.counts ?? before.pvpanics[index]?.counts)
}

/** Whether everything in `after` is the same in `given`, which may hold more. */
function checkSame(path: string, after: unknown, given: unknown): void {
  if (typeof after !== 'object' || after === null) deepStrictEqual(`${path}: ${after}`, `${path}: ${given}`)
  else
    for (const [name, value] of Object.entries(after))
      checkSame(`${path}.${name}`, value, Reflect.get(given as object, name))
}

/** Whatever was taken, the machine must work on, and what it then saves must load. */
function exercise(random: Random, machine: Machine, tally: Tally): void {
  for (const controller of machine.dma) {
    for (let channel = 0; channel < 4; channel++) {
      controller.connect(channel, (position, length) => {
        ok(position >= 0 && position <= length, `a handler was asked at position ${position} of ${length}`)
        return random.below(length + 1)
      })
    }
  }
  for (let left = 30; left > 0; left--) {
    machine.bus.outb(choosePort(random), random.below(0x100))
    machine.bus.inw(choosePort(random))
    tally.inputs += 2
  }
  machine.bus.outb(PORT, PVPANIC_PANICKED)
  const saved = machine.save()
  const other = new Machine({ qemu: '7.2', logSize: 4 })
  other.load(JSON.parse(JSON.stringify(saved)))
  deepStrictEqual(JSON.stringify(other.save()), JSON.stringify(saved))
}

function damageText(random: Random, text: string): unknown {
  for (;;) {
    const damaged = latin1(mutateBytes(random, bytesOf(text)))
    try {
      return JSON.parse(damaged)
    } catch {
      // Not JSON: whoever reads the file finds that out. Another one.
    }
  }
}

/** The state with one field replaced, removed, made a hole, or turned into a getter. */
function damageField(random: Random, state: object): unknown {
  const places = [...fields(state)]
  const { owner, key } = random.pick(places)
  switch (random.below(4)) {
    case 0:
      Reflect.deleteProperty(owner, key)
      return state
    case 1: {
      const value = random.pick(NASTY_VALUES)
      Object.defineProperty(owner, key, { get: () => value, enumerable: true })
      return state
    }
    case 2:
      if (Array.isArray(owner)) owner.push(owner[0])
      else Object.assign(owner, { unknown: 1 })
      return state
    default:
      if (random.chance(0.02)) return random.pick(NASTY_VALUES)
      Object.assign(owner, { [key]: random.pick(NASTY_VALUES) })
      return state
  }
}

function* fields(owner: object): Generator<{ owner: object; key: string }> {
  for (const [key, value] of Object.entries(owner)) {
    yield { owner, key }
    if (typeof value === 'object' && value !== null) yield* fields(value)
  }
}

export const savedStateTarget: FuzzTarget = { name: 'saved-state', run }
