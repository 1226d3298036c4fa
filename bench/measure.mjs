// One process of the benchmark: it prepares one case, and measures it whenever its parent asks.
// Forked as: node --expose-gc bench/measure.mjs WORKLOAD CONTENDER. To the parent go { state }, then { ns } for each
// { milliseconds } that comes; or { bytes } alone, if CONTENDER is "memory".

import { Bench } from 'tinybench'
import { CASES, machineBytes, stormGrowth } from './cases.mjs'

const LEAST_BATCHES = 5

const [workload, contender] = process.argv.slice(2)

/** Nanoseconds for one operation: the median of the batches. */
async function nanoseconds({ batch, operations }, time) {
  const bench = new Bench({ time, iterations: LEAST_BATCHES }).add('batch', batch)
  await bench.run()
  const [{ result }] = bench.tasks
  if (result.error) throw result.error
  const samples = result.samples.toSorted((one, other) => one - other)
  return (samples[samples.length >> 1] * 1e6) / operations
}

if (contender === 'memory') {
  process.send({ bytes: workload === 'i' ? machineBytes() : stormGrowth(1000, 1e6) })
} else {
  const prepared = await CASES[workload][contender]()
  process.on('message', async ({ milliseconds }) => process.send({ ns: await nanoseconds(prepared, milliseconds) }))
  process.send({ state: prepared.state })
}
