// The benchmark of the port bus: `npm run bench`, with --quick, --json, --report, --ci, and
// --workload LETTER any number of times. Every case runs in a process of
// its own, so that one contender's inline caches do not spoil another's. The contenders of a workload take turns of some
// milliseconds for many rounds: whatever slows the machine for longer than a round slows all of them. Then they start
// anew, since what V8 inlines differs from start to start.

import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { CASES, comparable } from './cases.mjs'
import { Contender } from './contender.mjs'
import { judge } from './goals.mjs'
import { renderMarkdown, renderText } from './report.mjs'

/** What people wrote about the figures; it goes below them. */
const NOTES = fileURLToPath(new URL('notes.md', import.meta.url))
const REPORT = fileURLToPath(new URL('../docs/benchmarks.md', import.meta.url))
/** What is measured once, not timed: bytes that memory grows by. */
const MEMORY = ['f', 'i']

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    json: { type: 'boolean' },
    report: { type: 'boolean' },
    ci: { type: 'boolean' },
    workload: { type: 'string', multiple: true },
  },
})

const warmUpMilliseconds = options.quick ? 50 : 80
const starts = options.quick ? 1 : 3
const roundsAStart = options.quick ? 7 : 17
const milliseconds = options.quick ? 6 : 15
const workloads = options.workload ?? Object.keys(CASES)

const states = new Map()
const disagreements = []
function compareState({ workload, name }, state) {
  if (state === undefined) return
  const group = comparable(workload, name)
  const first = states.get(group) ?? { name, state }
  states.set(group, first)
  if (first.state !== state) disagreements.push(`${workload}: ${name} left another state than ${first.name}`)
}

/** Starts the contenders of a workload, and adds to `times` the nanoseconds of each in each round. */
async function measure(workload, times) {
  const contenders = Object.keys(CASES[workload]).map((name) => new Contender(workload, name))
  try {
    const prepared = await Promise.all(contenders.map(({ ready }) => ready))
    for (const [index, { state }] of prepared.entries()) compareState(contenders[index], state)
    for (const contender of contenders) await contender.measure(warmUpMilliseconds)
    for (let round = 0; round < roundsAStart; round++) {
      for (const contender of contenders) times[contender.name].push(await contender.measure(milliseconds))
    }
  } finally {
    for (const contender of contenders) contender.end()
  }
}

const started = performance.now()
const times = {}
const bytes = {}
for (const workload of workloads) {
  if (process.stderr.isTTY) process.stderr.write(`\rworkload ${workload}`)
  times[workload] = Object.fromEntries(Object.keys(CASES[workload]).map((name) => [name, []]))
  for (let start = 0; start < starts; start++) await measure(workload, times[workload])
  if (MEMORY.includes(workload)) {
    const contender = new Contender(workload, 'memory')
    bytes[workload] = (await contender.ready).bytes
    contender.end()
  }
}
if (process.stderr.isTTY) process.stderr.write('\r')

const goals = judge(times, bytes)
const rounds = starts * roundsAStart
const result = {
  options,
  rounds,
  starts,
  seconds: (performance.now() - started) / 1000,
  times,
  bytes,
  goals,
  disagreements,
}
console.log(options.json ? JSON.stringify(result, null, 2) : renderText(result))
if (options.report) writeFileSync(REPORT, renderMarkdown(result, readFileSync(NOTES, 'utf8')))

if (disagreements.length > 0) {
  console.error(disagreements.join('\n'))
  process.exitCode = 1
}
if (options.ci && goals.some(({ guard, value }) => guard && value < 1)) {
  console.error("slower than v86's own bus on the DMA program or the recorded boot")
  process.exitCode = 1
}
