// The benchmark of the port bus: `npm run bench` in a clone, or, beside an installed package,
// `node node_modules/isa-pvpanic/bench/run.mjs`, where v86 and avr8js take part if they are installed, too.
//
//   --node 22,24,26   on these versions, which npm fetches into its cache; or paths of programs. Default: on this Node
//   --workload NAME   only this one; any number of times
//   --quick           fewer and shorter rounds, and only the workloads that --ci looks at
//   --json            the result as JSON
//   --report          writes docs/benchmarks.md
//   --ci              exit code 1 where the bus is slower than v86's or than one call site in three quarters of the rounds
//
// Every case runs in a process of its own, so that one contender's inline caches do not spoil another's. It warms up for a
// second or so, which is told as the first second. Then the contenders of a workload take turns of some milliseconds for
// many rounds: whatever slows the machine for longer than a round slows all of them. Then they start anew, since what V8
// inlines differs from start to start.

import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { CASES, comparable, FIRST_SECONDS, MEMORY } from './cases.mjs'
import { Contender } from './contender.mjs'
import { GUARDED, judge } from './goals.mjs'
import { findNodes } from './nodes.mjs'
import { renderMarkdown, renderText } from './report.mjs'
import { measureStarts } from './starts.mjs'

/** What people wrote about the figures; it goes below them. */
const NOTES = fileURLToPath(new URL('notes.md', import.meta.url))
const REPORT = fileURLToPath(new URL('../docs/benchmarks.md', import.meta.url))

const { values: options } = parseArgs({
  options: {
    node: { type: 'string' },
    workload: { type: 'string', multiple: true },
    quick: { type: 'boolean' },
    json: { type: 'boolean' },
    report: { type: 'boolean' },
    ci: { type: 'boolean' },
  },
})
const unknown = options.workload?.find((name) => !(name in CASES))
if (unknown !== undefined) {
  console.error(`--workload: there is no "${unknown}"; there are ${Object.keys(CASES).join(', ')}`)
  process.exit(2)
}
const workloads = options.workload ?? (options.quick ? GUARDED : Object.keys(CASES))
const FIRST_SECOND_MS = 1000
/** Until V8's last compiler has had its turn: on Node 24 and 26 a loop stays in Maglev's code for some 200 ms. */
const WARM_UP_MS = 300
const [starts, rounds, milliseconds] = options.quick ? [1, 7, 6] : [2, 13, 12]

const disagreements = []
function compareState(states, { workload, name }, state) {
  if (state === undefined) return
  const group = comparable(workload, name)
  const first = states.get(group) ?? { name, state }
  states.set(group, first)
  if (first.state !== state) disagreements.push(`${workload}: ${name} left another state than ${first.name}`)
}

/** Starts the contenders of a workload, and adds the nanoseconds of each in each round. */
async function measure(node, workload, { times, first, states }, start) {
  const contenders = Object.keys(CASES[workload]).map((name) => new Contender(node.path, workload, name))
  const tellsFirst = start === 0 && !options.quick && FIRST_SECONDS.includes(workload)
  try {
    const prepared = await Promise.all(contenders.map(({ ready }) => ready))
    for (const [index, { state }] of prepared.entries()) compareState(states, contenders[index], state)
    for (const contender of contenders) {
      const ns = await contender.measure(tellsFirst ? FIRST_SECOND_MS : WARM_UP_MS, tellsFirst)
      if (tellsFirst) first[workload][contender.name] = ns
    }
    for (let round = 0; round < rounds; round++) {
      for (const contender of contenders) times[workload][contender.name].push(await contender.measure(milliseconds))
    }
  } finally {
    for (const contender of contenders) contender.end()
  }
}

/** All workloads on one Node. */
async function measureOn(node) {
  const result = { node, times: {}, first: {}, bytes: {}, states: new Map() }
  for (const workload of workloads) {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[KNode ${node.version}: ${workload}`)
    result.times[workload] = Object.fromEntries(Object.keys(CASES[workload]).map((name) => [name, []]))
    result.first[workload] = {}
    for (let start = 0; start < starts; start++) await measure(node, workload, result, start)
    if (workload in MEMORY) {
      const contender = new Contender(node.path, workload, 'memory')
      result.bytes[workload] = (await contender.ready).bytes
      contender.end()
    }
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  if (options.workload === undefined) result.starts = measureStarts(node.path)
  const { states: _, ...told } = result
  return { ...told, goals: judge(result) }
}

const began = performance.now()
const results = []
for (const node of findNodes(options.node)) results.push(await measureOn(node))
const report = { results, rounds: starts * rounds, starts, seconds: (performance.now() - began) / 1000, disagreements }
console.log(options.json ? JSON.stringify(report, null, 2) : renderText(report))
if (options.report) writeFileSync(REPORT, renderMarkdown(report, readFileSync(NOTES, 'utf8')))

const slower = results.flatMap(({ node, goals }) =>
  goals
    .filter(({ guard }) => guard)
    .map(({ workload, goal, value }) => `Node ${node.version}, ${workload}: ${goal}: ${value.toFixed(2)}×`),
)
const failures = [...disagreements, ...(options.ci ? slower : [])]
if (failures.length > 0) {
  console.error(failures.join('\n'))
  process.exitCode = 1
}
