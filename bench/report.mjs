// The benchmark's results as people read them: a table on the terminal, a page of the documentation.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus } from 'node:os'
import { spread } from './goals.mjs'

const TITLES = {
  a: 'one port, 0x505, nothing to report',
  b: "the DMA controllers' programming sequence",
  c: 'the recorded boot of Linux 6.1: reads and writes of every width',
  d: 'uniformly random ports of the same PC',
  e: 'sectors of 512 bytes to a data port (a byte)',
  f: 'a panic storm in log mode',
  g: 'four devices among many',
  h: 'eight machines in turn on the recorded boot',
  i: 'making a Machine',
}

const number = (value) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3))
const times = (value) => `${value.toFixed(2)}×`

function amount({ unit, value, low, high }) {
  if (unit === 'bytes') return `${(value / 1024).toFixed(1)} KiB`
  if (unit === 'ns') return `${(value / 1000).toFixed(1)} µs`
  return `${times(value)} (${times(low)}–${times(high)})`
}

/** Rows of one workload, fastest first. */
function rowsOf(byContender) {
  return Object.entries(byContender)
    .map(([contender, rounds]) => ({ contender, ...spread(rounds) }))
    .sort((one, other) => one.median - other.median)
}

export function renderText(result) {
  const lines = []
  for (const [workload, byContender] of Object.entries(result.times)) {
    lines.push(`${workload}  ${TITLES[workload]}, ns an operation`)
    for (const row of rowsOf(byContender)) {
      lines.push(
        `   ${number(row.median).padStart(8)}  ${`${number(row.low)}–${number(row.high)}`.padEnd(16)} ${row.contender}`,
      )
    }
  }
  lines.push('', 'goals')
  for (const goal of result.goals) {
    lines.push(`${goal.met ? '  met   ' : '  MISSED'} ${goal.workload}  ${goal.goal}: ${amount(goal)}`)
  }
  lines.push(
    '',
    `medians of ${result.rounds} rounds, and what the middle half of them lies between; ${result.seconds.toFixed(0)} s`,
  )
  return lines.join('\n')
}

const versionOf = (name) => {
  const path = createRequire(import.meta.url)
    .resolve.paths(name)
    ?.map((folder) => `${folder}/${name}/package.json`)
  for (const file of path ?? []) {
    try {
      return JSON.parse(readFileSync(file, 'utf8')).version
    } catch {
      // Not in this folder: the next one up.
    }
  }
  return '?'
}

function commit() {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  } catch {
    return 'unknown'
  }
}

/** docs/benchmarks.md: what was measured, and below it the notes. */
export function renderMarkdown(result, notes) {
  const processors = cpus()
  const out = [
    '# Benchmarks of the port bus',
    '',
    `Written by \`npm run bench -- --report\` on ${new Date().toISOString().slice(0, 10)}, commit ${commit()}: Node ${process.versions.node}`,
    `(V8 ${process.versions.v8}), v86 ${versionOf('v86')}, avr8js ${versionOf('avr8js')}, ${processors.length} × ${processors[0]?.model ?? 'unknown processor'}.`,
    '',
    `Every figure is the median of ${result.rounds} rounds, with what the middle half of them lies between. Each contender of a workload`,
    `has a process of its own, started ${result.starts} times; in a round they take turns of some milliseconds, and ratios are taken within`,
    'the round. What the contenders left in the devices, and what they read, was the same.',
    '',
    '## Goals',
    '',
    '| workload | goal | measured (middle half of the rounds) | met |',
    '| --- | --- | --- | --- |',
    ...result.goals.map(
      (goal) => `| ${goal.workload} | ${goal.goal} | ${amount(goal)} | ${goal.met ? 'yes' : '**no**'} |`,
    ),
  ]
  for (const [workload, byContender] of Object.entries(result.times)) {
    out.push('', `## ${workload}: ${TITLES[workload]}`, '', '| contender | ns | middle half |', '| --- | --- | --- |')
    for (const row of rowsOf(byContender)) {
      out.push(`| ${row.contender} | ${number(row.median)} | ${number(row.low)}–${number(row.high)} |`)
    }
  }
  return `${out.join('\n')}\n\n${notes}`
}
