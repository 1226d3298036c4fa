// Guests that panic without end, in every mode and by every instruction: nothing is miscounted, and nothing grows.

import { deepStrictEqual } from 'node:assert'
import { Machine } from '../../src/machine/machine.js'
import type { Random } from '../random.js'
import type { FuzzTarget, Tally } from './target.js'

const PORT = 0x505
const BLOCK = 0x4000

/** Panics by the instruction; returns how many. */
const INSTRUCTIONS: readonly ((machine: Machine) => number)[] = [
  ({ bus }) => {
    for (let left = BLOCK; left > 0; left--) bus.outb(PORT, 1)
    return BLOCK
  },
  ({ bus }) => {
    bus.outsb(PORT, ONES)
    return BLOCK
  },
]
const ONES = new Uint8Array(BLOCK).fill(1)

function run(random: Random, tally: Tally): void {
  const onPanic = random.pick(['log', 'log', 'log', 'preserve', 'reset'] as const)
  const machine = new Machine({ onPanic, logSize: random.pick([0, 1, 1024]) })
  let [heard, resets] = [0, 0]
  if (onPanic === 'reset') machine.on('RESET', () => resets++)
  else if (random.chance(0.3)) machine.on('GUEST_PANICKED', () => heard++)
  let written = 0
  const blocks = onPanic === 'reset' ? 1 : 1 + random.below(20)
  for (let left = blocks; left > 0; left--) {
    const before = heard
    const panics = random.pick(INSTRUCTIONS)(machine)
    written += panics
    if (heard > 0) deepStrictEqual(heard - before, panics)
  }
  const { panics, pvpanic, runState } = machine
  deepStrictEqual(
    [panics.total, pvpanic?.counts.panicked, panics.entries().length, resets, runState],
    [
      written,
      written,
      Math.min(written, panics.size),
      onPanic === 'reset' ? written : 0,
      onPanic === 'preserve' ? 'guest-panicked' : 'running',
    ],
  )
  tally.panics += written
  tally.resets += resets
}

export const floodTarget: FuzzTarget = { name: 'flood', run }
