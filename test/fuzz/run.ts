// npm run fuzz -- --minutes 60: every target in turn, each case with a seed of its own, until the time is over.
//
//   --minutes N     how long; 1 unless given
//   --target NAME   only this one; may be given more than once
//   --seed N        the first seed; with one target and no --minutes, that case alone
//
// Prints what was done. Fails if a case has found something, or if the heap has grown.

import { parseArgs } from 'node:util'
import { emptyTally, type FuzzTarget, runCase, type Tally } from './target.js'
import { TARGETS } from './targets.js'

/** A target's share before the next one has its turn. */
const TURN_MS = 200
const MINUTE_MS = 60_000
const MEBIBYTE = 2 ** 20
const SEEDS = 2 ** 32
/** What the heap may grow by between the warm-up and the end, garbage apart. */
const TOLERATED_MIB = 5
/** Findings after which it gives up. */
const MOST_FAILURES = 20

class UsageError extends Error {}

interface Choice {
  readonly targets: readonly FuzzTarget[]
  readonly firstSeed: number
  /** Undefined for the case of one seed alone. */
  readonly minutes: number | undefined
}

function parseChoice(): Choice {
  const { values } = parseArgs({
    options: { minutes: { type: 'string' }, target: { type: 'string', multiple: true }, seed: { type: 'string' } },
  })
  const names = values.target ?? TARGETS.map(({ name }) => name)
  const targets = names.map((name) => {
    const target = TARGETS.find((candidate) => candidate.name === name)
    if (target === undefined) throw new UsageError(`--target: one of ${TARGETS.map((one) => one.name).join(', ')}`)
    return target
  })
  const isReplay = values.seed !== undefined && values.minutes === undefined && targets.length === 1
  const minutes = Number(values.minutes ?? 1)
  const firstSeed = Number(values.seed ?? Date.now() % SEEDS)
  if (!(minutes > 0)) throw new UsageError('--minutes: a number above 0')
  if (!Number.isInteger(firstSeed) || firstSeed < 0 || firstSeed >= SEEDS) {
    throw new UsageError(`--seed: a whole number from 0 to ${SEEDS - 1}`)
  }
  return { targets, firstSeed, minutes: isReplay ? undefined : minutes }
}

/** Of what is alive. */
function heapMiB(): number {
  globalThis.gc?.()
  return Number((process.memoryUsage().heapUsed / MEBIBYTE).toFixed(1))
}

async function runFor(targets: readonly FuzzTarget[], firstSeed: number, minutes: number): Promise<void> {
  const began = performance.now()
  const elapsed = () => (performance.now() - began) / MINUTE_MS
  const total = emptyTally()
  const perTarget = new Map(targets.map(({ name }) => [name, { cases: 0, slowestMs: 0 }]))
  // Until then modules are compiled and caches fill.
  const warmUp = Math.min(1, minutes / 5)
  let heapAfterWarmUp: number | undefined
  let failures = 0
  for (let seed = firstSeed, round = 1; elapsed() < minutes; round++) {
    for (const target of targets) {
      const figures = perTarget.get(target.name)
      const turnEnd = performance.now() + TURN_MS
      do {
        const caseBegan = performance.now()
        if (!(await isClean(target, seed++ % SEEDS, total))) failures++
        if (failures >= MOST_FAILURES) throw new Error(`${failures} cases have found something`)
        if (figures === undefined) continue
        figures.cases++
        figures.slowestMs = Math.max(figures.slowestMs, Math.round(performance.now() - caseBegan))
      } while (performance.now() < turnEnd)
    }
    if (heapAfterWarmUp === undefined && elapsed() > warmUp) heapAfterWarmUp = heapMiB()
    if (round % 100 === 0) console.error(`${elapsed().toFixed(1)} min: ${JSON.stringify(total)}, heap ${heapMiB()} MiB`)
  }
  heapAfterWarmUp ??= heapMiB()
  const heapAtEnd = heapMiB()
  const figures = {
    minutes: Number(elapsed().toFixed(1)),
    node: process.version,
    firstSeed,
    ...total,
    heapAfterWarmUp,
    heapAtEnd,
  }
  console.log(JSON.stringify({ ...figures, targets: Object.fromEntries(perTarget) }, undefined, 2))
  if (failures > 0) throw new Error(`${failures} cases have found something`)
  if (heapAtEnd > heapAfterWarmUp + TOLERATED_MIB) {
    throw new Error(`the heap has grown from ${heapAfterWarmUp} to ${heapAtEnd} MiB`)
  }
}

/** Runs one case; says what it finds. Returns whether there was nothing. */
async function isClean(target: FuzzTarget, seed: number, total: Tally): Promise<boolean> {
  try {
    await runCase(target, seed, total)
    return true
  } catch (failure) {
    console.error(failure)
    return false
  }
}

async function main(): Promise<void> {
  const { targets, firstSeed, minutes } = parseChoice()
  const [first] = targets
  if (minutes !== undefined) await runFor(targets, firstSeed, minutes)
  else if (first !== undefined) {
    await runCase(first, firstSeed, emptyTally())
    console.log(`${first.name}, seed ${firstSeed}: nothing wrong`)
  }
  for (const target of targets) await target.dispose?.()
}

main().catch((error) => {
  console.error(error instanceof UsageError ? error.message : error)
  process.exitCode = error instanceof UsageError ? 2 : 1
})
