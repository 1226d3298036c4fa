// One process of the benchmark: it prepares one case, and measures it whenever its parent asks.
// Forked as: node --expose-gc bench/measure.mjs WORKLOAD CONTENDER. To the parent goes { state }, then { ns } for each
// { milliseconds } that comes. With CONTENDER "memory" it is { bytes } alone.

import { CASES, MEMORY } from './cases.mjs'

const LEAST_BATCHES = 5

const [workload, contender] = process.argv.slice(2)

const median = (samples) => samples.sort((one, other) => one - other)[samples.length >> 1]

/**
 * Nanoseconds for one operation: the median of the batches that fit into the time, at least five. No async function: on
 * Node 24 its loop, with the batch inlined, never leaves Maglev's code.
 */
function nanoseconds({ batch, operations }, milliseconds) {
  const samples = []
  const end = performance.now() + milliseconds
  while (performance.now() < end || samples.length < LEAST_BATCHES) {
    const began = performance.now()
    batch()
    samples.push(performance.now() - began)
  }
  return (median(samples) * 1e6) / operations
}

/** The same for batches that measure themselves; one a turn, since each takes some hundred milliseconds. */
async function selfTimed({ batch, operations }) {
  return ((await batch()) * 1e6) / operations
}

/** Nanoseconds for one operation over the whole time, the first one with everything cold. */
function fromTheStart({ batch, operations }, milliseconds) {
  const began = performance.now()
  let batches = 0
  let now = began
  for (; now < began + milliseconds; now = performance.now()) {
    batch()
    batches++
  }
  return ((now - began) * 1e6) / (batches * operations)
}

if (contender === 'memory') process.send({ bytes: MEMORY[workload]() })
else {
  const prepared = await CASES[workload][contender]()
  process.on('message', async ({ milliseconds, fromStart }) => {
    process.send({
      ns: await (fromStart ? fromTheStart : prepared.selfTimed ? selfTimed : nanoseconds)(prepared, milliseconds),
    })
  })
  process.send({ state: prepared.state })
}
