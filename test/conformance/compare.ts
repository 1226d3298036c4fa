// Leads two machines through the same life and finds the first input after which they differ.

import { untilHeard } from '../qemu/conversation.js'
import type { Life, Setup } from './lives.js'
import { groupInputs, type Outcome, type Target } from './target.js'

/** The first input after which two machines differ. */
export interface Difference {
  readonly setup: Setup
  /** From the start of the machine up to the input in question. */
  readonly inputs: readonly string[]
  /** The last group of inputs, of one input unless the difference needs several without a pause. */
  readonly group: readonly string[]
  readonly expected: Outcome
  readonly actual: Outcome
}

export interface Comparison {
  /** Inputs that both machines were given. */
  readonly operations: number
  readonly events: number
  readonly exitCode: number | undefined
  readonly difference: Difference | undefined
}

/** A machine that takes longer over its life than this hangs. */
const LIFE_TIMEOUT_MS = 120_000

/** Runs `life` on both, in groups; a difference is looked at again, one input at a time. */
export async function compareLife(reference: Target, subject: Target, life: Life): Promise<Comparison> {
  const groups = groupInputs(life.inputs, life.setup.iobase)
  const quick = await compareGroups(reference, subject, life.setup, groups)
  if (quick.difference === undefined) return quick
  const slow = await compareSingly(reference, subject, life)
  return slow.difference === undefined ? quick : slow
}

/** Runs `life` on both, one input at a time. */
export function compareSingly(reference: Target, subject: Target, { setup, inputs }: Life): Promise<Comparison> {
  return compareGroups(
    reference,
    subject,
    setup,
    inputs.map((input) => [input]),
  )
}

async function compareGroups(
  reference: Target,
  subject: Target,
  setup: Setup,
  groups: readonly (readonly string[])[],
): Promise<Comparison> {
  const [expected, actual] = await Promise.all([live(reference, setup, groups), live(subject, setup, groups)])
  let operations = 0
  let events = 0
  for (const [index, group] of groups.entries()) {
    const theirs = expected[index]
    const ours = actual[index]
    if (theirs === undefined || ours === undefined) break
    operations += group.length
    events += theirs.events.length
    const exitCode = theirs.exitCode
    if (JSON.stringify(theirs) !== JSON.stringify(ours)) {
      const difference = { setup, inputs: groups.slice(0, index + 1).flat(), group, expected: theirs, actual: ours }
      return { operations, events, exitCode, difference }
    }
    if (exitCode !== undefined) return { operations, events, exitCode, difference: undefined }
  }
  return { operations, events, exitCode: undefined, difference: undefined }
}

/** What each group caused, up to the machine's end. */
function live(target: Target, setup: Setup, groups: readonly (readonly string[])[]): Promise<Outcome[]> {
  return untilHeard(() => liveOnce(target, setup, groups))
}

async function liveOnce(target: Target, setup: Setup, groups: readonly (readonly string[])[]): Promise<Outcome[]> {
  const machine = await target.start(setup)
  const outcomes: Outcome[] = []
  let late = false
  const timer = setTimeout(() => {
    late = true
    void machine.dispose()
  }, LIFE_TIMEOUT_MS)
  try {
    for (const group of groups) {
      const outcome = await machine.run(group)
      if (late) throw new Error(`${target.name} did not get through its life in ${LIFE_TIMEOUT_MS} ms`)
      outcomes.push(outcome)
      if (outcome.exitCode !== undefined) break
    }
    return outcomes
  } finally {
    clearTimeout(timer)
    await machine.dispose()
  }
}
