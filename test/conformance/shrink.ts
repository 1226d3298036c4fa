// Takes inputs out of a stream for as long as two machines still differ.

import { type Comparison, compareLife, compareSingly, type Difference } from './compare.js'
import type { Target } from './target.js'

/** Machines are started anew for each attempt, so their number is what shrinking costs. */
const MOST_ATTEMPTS = 400

/** The difference that is left when no single input can be taken out any more, or when the attempts are used up. */
export async function shrink(reference: Target, subject: Target, found: Difference): Promise<Difference> {
  const { setup } = found
  const compare = found.group.length === 1 ? compareSingly : compareLife
  let best = found
  let attempts = 0
  const attempt = async (inputs: readonly string[]): Promise<boolean> => {
    if (attempts++ >= MOST_ATTEMPTS) return false
    const { difference }: Comparison = await compare(reference, subject, { setup, inputs })
    if (difference !== undefined) best = difference
    return difference !== undefined
  }
  /** Tries once to do without each chunk. Goes backwards, so that what it leaves in front stays where it was. */
  const pass = async (chunk: number): Promise<void> => {
    // The last input is where the difference shows: it stays.
    for (let end = best.inputs.length - 1; end > 0; end = Math.min(end - chunk, best.inputs.length - 1)) {
      await attempt([...best.inputs.slice(0, Math.max(end - chunk, 0)), ...best.inputs.slice(end)])
    }
  }
  for (let chunk = best.inputs.length >> 1; chunk > 1; chunk >>= 1) await pass(chunk)
  let before: number
  do {
    before = best.inputs.length
    await pass(1)
  } while (best.inputs.length < before && attempts < MOST_ATTEMPTS)
  return best
}
