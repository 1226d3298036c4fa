// What a fuzz target is: cases made from a seed, each of which holds our code to an oracle.

import { generator, type Random } from '../random.js'

/** What a run has done so far. */
export interface Tally {
  /** Port accesses, commands, lines, documents, files: whatever the target feeds. */
  inputs: number
  /** Panics that guests have written. */
  panics: number
  /** Resets of a machine. */
  resets: number
}

/** One case of a target: throws if our code is wrong. */
export type FuzzCase = (random: Random, tally: Tally) => void | Promise<void>

/** A piece of our code under attack. */
export interface FuzzTarget {
  readonly name: string
  readonly run: FuzzCase
  /** Ends what the target keeps between cases. */
  readonly dispose?: () => Promise<void>
}

/** A case that failed, and how to see it again. */
export class FuzzFailure extends Error {
  override readonly name = 'FuzzFailure'

  constructor(target: string, seed: number, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    super(`${target}, seed ${seed}: ${reason}\nagain: npm run fuzz -- --target ${target} --seed ${seed}`, { cause })
  }
}

export function emptyTally(): Tally {
  return { inputs: 0, panics: 0, resets: 0 }
}

/**
 * Runs the case that belongs to the seed.
 * @throws {FuzzFailure}
 */
export async function runCase(target: FuzzTarget, seed: number, tally: Tally): Promise<void> {
  try {
    await target.run(generator(seed), tally)
  } catch (cause) {
    throw new FuzzFailure(target.name, seed, cause)
  }
}
