// The benchmark of the port bus: `npm run bench`, with --quick, --json, --report, --ci. Every case runs in a process of
// its own, so that one contender's inline caches do not spoil another's; the cases take turns for several rounds.

import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { CASES, comparable } from './cases.mjs'
import { judge } from './goals.mjs'
import { renderMarkdown, renderText } from './report.mjs'

const run = promisify(execFile)
const MEASURE = fileURLToPath(new URL('measure.mjs', import.meta.url))
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

const rounds = options.quick ? 1 : 5
const milliseconds = options.quick ? 40 : 140
const workloads = options.workload ?? Object.keys(CASES)
const cases = workloads.flatMap((workload) =>
  Object.keys(CASES[workload]).map((contender) => ({ workload, contender })),
)

async function measure(workload, contender) {
  const { stdout } = await run(process.execPath, ['--expose-gc', MEASURE, workload, contender, String(milliseconds)])
  return JSON.parse(stdout)
}

const started = performance.now()
/** Nanoseconds by workload, contender and round. */
const times = Object.fromEntries(workloads.map((workload) => [workload, {}]))
const states = new Map()
const disagreements = []
for (let round = 0; round < rounds; round++) {
  for (const { workload, contender } of cases) {
    const { ns, state } = await measure(workload, contender)
    times[workload][contender] ??= []
    times[workload][contender].push(ns)
    if (state === undefined) continue
    const group = comparable(workload, contender)
    const first = states.get(group) ?? { contender, state }
    states.set(group, first)
    if (first.state !== state)
      disagreements.push(`${workload}: ${contender} left another state than ${first.contender}`)
  }
  if (process.stderr.isTTY) process.stderr.write(`\rround ${round + 1} of ${rounds}`)
}
const bytes = {}
for (const workload of MEMORY.filter((letter) => workloads.includes(letter))) {
  bytes[workload] = (await measure(workload, 'memory')).bytes
}
if (process.stderr.isTTY) process.stderr.write('\r')

const goals = judge(times, bytes)
const result = { options, rounds, seconds: (performance.now() - started) / 1000, times, bytes, goals, disagreements }
console.log(options.json ? JSON.stringify(result, null, 2) : renderText(result))
if (options.report) writeFileSync(REPORT, renderMarkdown(result, readFileSync(NOTES, 'utf8')))

if (disagreements.length > 0) {
  console.error(disagreements.join('\n'))
  process.exitCode = 1
}
if (options.ci && goals.some(({ guard, ratio }) => guard && ratio < 1)) {
  console.error("slower than v86's own bus on the DMA program or the recorded boot")
  process.exitCode = 1
}
