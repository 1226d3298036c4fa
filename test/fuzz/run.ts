// npm run fuzz -- --minutes 60: every target in turn, each case with a seed of its own, until the time is over.
//
//   --minutes N     how long; 1 unless given
//   --target NAME   only this one; may be given more than once
//   --seed N        the first seed; with one target and no --minutes, that case alone
//   --json FILE     writes the figures there too

import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { emptyTally, runCase } from './target.js'
import { TARGETS } from './targets.js'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    target: { type: 'string', multiple: true, default: [] },
    seed: { type: 'string' },
    json: { type: 'string' },
  },
})
const unknown = values.target.filter((name) => TARGETS.every((target) => target.name !== name))
if (unknown.length > 0) {
  console.error(`no target ${unknown.join(', ')}; there are ${TARGETS.map(({ name }) => name).join(', ')}`)
  process.exit(2)
}
const minutes = Number(values.minutes ?? 1)
const firstSeed = Number(values.seed ?? Date.now() % 2 ** 32)
if (!(minutes > 0) || !Number.isSafeInteger(firstSeed)) {
  console.error('--minutes takes a number above 0, --seed a whole number')
  process.exit(2)
}
const chosen = TARGETS.filter(({ name }) => values.target.length === 0 || values.target.includes(name))

const MEBIBYTE = 2 ** 20
/** Of what is alive, once garbage is collected. */
const heapInUse = () => {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed / MEBIBYTE
}

/** Until then modules are compiled and caches fill. */
const WARM_UP = Math.min(60_000, minutes * 60_000 * 0.2)
const TURN_MS = 200

async function run(): Promise<void> {
  const began = performance.now()
  const elapsed = () => performance.now() - began
  const total = emptyTally()
  const cases = new Map(chosen.map(({ name }) => [name, 0]))
  let seed = firstSeed
  let heapAfterWarmUp: number | undefined
  let nextReport = 60_000
  while (elapsed() < minutes * 60_000) {
    for (const target of chosen) {
      const turnEnd = performance.now() + TURN_MS
      do {
        await runCase(target, seed++ % 2 ** 32, total)
        cases.set(target.name, (cases.get(target.name) ?? 0) + 1)
      } while (performance.now() < turnEnd)
    }
    if (heapAfterWarmUp === undefined && elapsed() > WARM_UP) heapAfterWarmUp = heapInUse()
    if (elapsed() > nextReport) {
      nextReport += 60_000
      console.log(`${(elapsed() / 60_000).toFixed(1)} min`, JSON.stringify({ ...total, heapMiB: heapInUse() }))
    }
  }
  for (const target of chosen) await target.dispose?.()
  const figures = {
    minutes: Number((elapsed() / 60_000).toFixed(1)),
    node: process.version,
    firstSeed,
    ...total,
    cases: Object.fromEntries(cases),
    heapMiBAfterWarmUp: Number((heapAfterWarmUp ?? heapInUse()).toFixed(1)),
    heapMiBAtEnd: Number(heapInUse().toFixed(1)),
  }
  console.log(JSON.stringify(figures, undefined, 2))
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(figures, undefined, 2)}\n`)
  if (figures.heapMiBAtEnd > figures.heapMiBAfterWarmUp * 1.1 + 5) {
    throw new Error(`the heap has grown from ${figures.heapMiBAfterWarmUp} to ${figures.heapMiBAtEnd} MiB`)
  }
}

const [onlyTarget] = chosen
if (values.seed !== undefined && values.minutes === undefined && chosen.length === 1 && onlyTarget !== undefined) {
  await runCase(onlyTarget, firstSeed, emptyTally())
  await onlyTarget.dispose?.()
  console.log(`${onlyTarget.name}, seed ${firstSeed}: nothing wrong`)
} else {
  await run()
}
