// One process of the benchmark: measures one case and prints the result as a line of JSON.
// node [--expose-gc] bench/measure.mjs WORKLOAD CONTENDER MILLISECONDS

import { Bench } from 'tinybench'
import { CASES, machineBytes, stormGrowth } from './cases.mjs'

const [workload, contender, time] = process.argv.slice(2)

/** Nanoseconds for one operation: the median of the batches. */
async function nanoseconds({ batch, operations }) {
  const bench = new Bench({ time: Number(time), warmupTime: Math.max(50, Number(time) / 2), iterations: 10 })
  bench.add('batch', batch)
  await bench.warmup()
  await bench.run()
  const [{ result }] = bench.tasks
  if (result.error) throw result.error
  const samples = result.samples.toSorted((one, other) => one - other)
  return (samples[samples.length >> 1] * 1e6) / operations
}

if (contender === 'memory') {
  const bytes = workload === 'i' ? machineBytes() : stormGrowth(1000, 1e6)
  console.log(JSON.stringify({ bytes }))
} else {
  const prepared = await CASES[workload][contender]()
  console.log(JSON.stringify({ ns: await nanoseconds(prepared), state: prepared.state }))
}
// v86's emulator keeps the process alive.
process.exit(0)
