// The machine beside plain conditions, with listeners that command it and write to the port from within its events.

import { deepStrictEqual } from 'node:assert'
import { Machine } from '../../src/machine/machine.js'
import { MachineError } from '../../src/machine/machine-error.js'
import type { MachineActions, MachineOptions } from '../../src/machine/machine-options.js'
import { generator, type Random } from '../random.js'
import { ReferenceMachine, Refused } from './reference-machine.js'
import type { FuzzTarget, Tally } from './target.js'

const STEPS = 60
/** A port at which a 32-bit access is aligned. */
const PORT = 0x508
const VERSIONS = { '7.2': 3, '10.0': 7 } as const

/** What the fuzzer does with a machine, ours or the reference. */
interface FuzzMachine {
  write(bytes: readonly number[]): void
  setActions(actions: MachineActions): void
  cont(): void
  stop(): void
  reset(): void
  guestReset(): void
  guestShutdown(): void
  powerdown(): void
  quit(reason: 'host-qmp-quit' | 'host-signal'): void
}

/** Listeners that act in turn: the same events lead to the same actions. */
class World {
  readonly log: string[] = []
  readonly onEvent = (event: string): void => {
    this.log.push(event)
    if (this.#reactions <= 0 || !this.#random.chance(0.3)) return
    this.#reactions--
    this.#act(this.#random)
  }
  readonly onCpu = (call: string): void => {
    this.log.push(`cpu ${call}`)
  }
  machine: FuzzMachine | undefined
  #random: Random = generator(0)
  #reactions = 0

  step(seed: number): void {
    this.#random = generator(seed)
    this.#reactions = 5
    this.#act(this.#random)
  }

  #act(random: Random): void {
    try {
      act(random, this.machine)
    } catch (error) {
      if (!(error instanceof MachineError || error instanceof Refused)) throw error
      this.log.push('refused')
    }
  }
}

function act(random: Random, machine: FuzzMachine | undefined): void {
  const choice = random.below(24)
  // biome-ignore format: a table
  switch (choice) {
    case 0: case 1: case 2: machine?.cont(); break
    case 3: machine?.stop(); break
    case 4: case 5: machine?.reset(); break
    case 6: machine?.guestReset(); break
    case 7: machine?.powerdown(); break
    case 8: machine?.setActions(chooseActions(random)); break
    case 9: if (random.chance(0.1)) machine?.guestShutdown(); break
    case 10: if (random.chance(0.05)) machine?.quit(random.pick(['host-qmp-quit', 'host-signal'])); break
    default: machine?.write(Array.from({ length: random.pick([1, 1, 1, 2, 4]) }, () => chooseByte(random)))
  }
}

const chooseByte = (random: Random) => (random.chance(0.8) ? random.below(8) : random.below(0x100))

function chooseActions(random: Random): MachineActions {
  return {
    onPanic: random.pick(['reset', 'reset', 'destroy', 'preserve', 'log']),
    panicExitCode: random.pick([0, 1]),
    shutdownAction: random.pick(['poweroff', 'pause', 'pause']),
    rebootAction: random.pick(['reset', 'reset', 'shutdown']),
  }
}

function ours(machine: Machine): FuzzMachine {
  const write = (bytes: readonly number[]) => {
    const value = bytes.reduce((sum, byte, index) => sum + byte * 2 ** (8 * index), 0)
    if (bytes.length === 1) machine.bus.outb(PORT, value)
    else if (bytes.length === 2) machine.bus.outw(PORT, value)
    else machine.bus.outl(PORT, value)
  }
  return {
    write,
    setActions: (actions) => machine.setActions(actions),
    cont: () => machine.cont(),
    stop: () => machine.stop(),
    reset: () => machine.reset(),
    guestReset: () => machine.guestReset(),
    guestShutdown: () => machine.guestShutdown(),
    powerdown: () => machine.powerdown(),
    quit: (reason) => machine.quit(reason),
  }
}

type MakeMachine = (options: MachineOptions) => Machine

/** @param make another one than ours shows that a fault is found. */
export function machineTarget(make: MakeMachine = (options) => new Machine(options)): FuzzTarget {
  return { name: 'machine', run: (random, tally) => run(make, random, tally) }
}

function run(make: MakeMachine, random: Random, tally: Tally): void {
  const qemu = random.pick(['7.2', '10.0'] as const)
  const options = {
    ...chooseActions(random),
    resetLimit: random.pick([0, 1, 3, Number.POSITIVE_INFINITY]),
    startPaused: random.chance(0.2),
  }
  const world = new World()
  const { onCpu } = world
  const machine = make({
    ...options,
    qemu,
    iobase: PORT,
    logSize: random.pick([0, 1, 5, 1024]),
    cpu: {
      pause: () => onCpu('pause'),
      resume: () => onCpu('resume'),
      reset: () => onCpu('reset'),
      powerOff: () => onCpu('powerOff'),
    },
  })
  machine.on('*', ({ event, data }) => world.onEvent(data === undefined ? event : `${event} ${JSON.stringify(data)}`))
  world.machine = ours(machine)

  const expected = new World()
  const reference = new ReferenceMachine({ ...options, knownEvents: VERSIONS[qemu] }, expected.onEvent, expected.onCpu)
  expected.machine = reference

  for (let left = STEPS; left > 0; left--) {
    const seed = random.below(2 ** 32)
    world.step(seed)
    expected.step(seed)
    deepStrictEqual(world.log, expected.log)
    tally.inputs += 1 + world.log.length
    world.log.length = 0
    expected.log.length = 0
    deepStrictEqual(
      [machine.runState, machine.exitCode, machine.panics.total, machine.pvpanic?.counts.unknown],
      [reference.runState, reference.exitCode, reference.total, reference.unknown],
    )
  }
  tally.panics += reference.total
  tally.resets += reference.resets
  const saved = machine.save()
  deepStrictEqual(machine.panics.entries().length, Math.min(machine.panics.total, machine.panics.size))
  const other = new Machine({ qemu, iobase: PORT, logSize: machine.panics.size })
  other.load(JSON.parse(JSON.stringify(saved)))
  deepStrictEqual(other.save(), saved)
}
