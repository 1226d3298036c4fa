// Each fuzz target for a moment, with seeds that stay the same; npm run fuzz goes on for as long as wanted.

import { expect, it } from 'vitest'
import { IoPortBus } from '../../src/bus/io-port-bus.js'
import { Machine } from '../../src/machine/machine.js'
import { busTarget } from './bus.js'
import { machineTarget } from './machine.js'
import { emptyTally, type FuzzTarget, runCase } from './target.js'
import { TARGETS } from './targets.js'

const CASES: Readonly<Record<string, number>> = {
  bus: 12,
  machine: 40,
  flood: 2,
  'saved-state': 12,
  'v86-state': 2,
  qmp: 10,
  qtest: 30,
  json: 30,
  xml: 10,
  options: 5,
  trace: 10,
}

it('every target has its share', () => {
  expect(TARGETS.map(({ name }) => name)).toEqual(Object.keys(CASES))
})

it.each(TARGETS)('$name: cases of fixed seeds find nothing', async (target) => {
  const tally = emptyTally()
  for (let seed = 1; seed <= (CASES[target.name] ?? 0); seed++) await runCase(target, seed, tally)
  await target.dispose?.()
  expect(tally.inputs + tally.panics).toBeGreaterThan(10)
})

/** Runs cases until one fails. */
async function findFault(target: FuzzTarget): Promise<unknown> {
  for (let seed = 1; seed <= 100; seed++) {
    try {
      await runCase(target, seed, emptyTally())
    } catch (error) {
      return error
    }
  }
  return undefined
}

it('the bus target finds a bus that wraps around at the top of the port space', async () => {
  class WrappingBus extends IoPortBus {
    override outw(port: number, value: number): void {
      if ((port & 0xffff) !== 0xffff) super.outw(port, value)
      else {
        this.outb(0xffff, value)
        this.outb(0, value >> 8)
      }
    }
  }
  expect(String(await findFault(busTarget((options) => new WrappingBus(options))))).toMatch(
    /^FuzzFailure: bus, seed \d+: /,
  )
})

it('the machine target finds a machine that stops again when it stands', async () => {
  const restless = (options: ConstructorParameters<typeof Machine>[0]) => {
    const machine = new Machine(options)
    machine.on('GUEST_PANICKED', () => {
      if (machine.runState === 'paused') options?.cpu?.pause()
    })
    return machine
  }
  expect(String(await findFault(machineTarget(restless)))).toMatch(/^FuzzFailure: machine, seed \d+: /)
})
