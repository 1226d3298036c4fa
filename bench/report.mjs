// The benchmark's results as people read them: a table on the terminal, a page of the documentation.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus } from 'node:os'
import { spread } from './goals.mjs'

const TITLES = {
  'one port': '0x505, nothing to report',
  'DMA program': "the DMA controllers' programming sequence",
  'boot, writes': 'the writes of the recorded boot, of every width',
  boot: 'the recorded boot of Linux 6.1: reads and writes of every width',
  'random ports': 'uniformly random ports of the same PC',
  interpreter: 'the recorded boot, executed by a small interpreter',
  'v86 guest': 'a guest in v86 that writes one port of the DMA controller in a loop',
  sectors: 'sectors of 512 bytes to a data port (a byte)',
  'panic storm': 'panics in log mode',
  'many devices': 'four devices among many',
  'eight machines': 'eight machines in turn on the recorded boot',
  machine: 'making a Machine',
  start: 'milliseconds until the package is there',
}

const number = (value) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3))

function amount({ unit, value, low, high }) {
  if (unit === 'bytes') return `${(value / 1024).toFixed(1)} KiB`
  if (unit === 'ns') return `${(value / 1000).toFixed(1)} µs`
  if (unit === 'ms') return `${value.toFixed(1)} ms`
  return `${value.toFixed(2)}× (${low.toFixed(2)}–${high.toFixed(2)})`
}

const heading = ({ node }) => `Node ${node.version}`

/** What one workload gave on each Node: a row for each contender, fastest first. */
function rowsOf(results, workload) {
  const contenders = Object.keys(results[0].times[workload] ?? {})
  return contenders
    .map((contender) => ({
      contender,
      spreads: results.map(({ times }) => spread(times[workload][contender])),
      first: results.map(({ first }) => first[workload]?.[contender]),
    }))
    .sort((one, other) => one.spreads.at(-1).median - other.spreads.at(-1).median)
}

/** One row for each goal, with what each Node gave. */
function goalRows(results) {
  return results[0].goals.map(({ workload, goal }) => ({
    workload,
    goal,
    byNode: results.map(({ goals }) => goals.find((other) => other.workload === workload && other.goal === goal)),
  }))
}

export function renderText({ results, rounds, seconds }) {
  const lines = [`ns an operation: ${results.map(heading).join(', ')}`]
  for (const workload of Object.keys(results[0].times)) {
    lines.push('', `${workload}: ${TITLES[workload]}`)
    for (const { contender, spreads } of rowsOf(results, workload)) {
      lines.push(`  ${spreads.map(({ median }) => number(median).padStart(9)).join('')}  ${contender}`)
    }
  }
  lines.push('', 'goals')
  for (const { workload, goal, byNode } of goalRows(results)) {
    const met = byNode.every((judged) => judged?.met !== false)
    lines.push(
      `  ${met ? 'met   ' : 'MISSED'}  ${workload}: ${goal}: ${byNode.map((judged) => (judged ? amount(judged) : '-')).join(', ')}`,
    )
  }
  lines.push('', `medians of ${rounds} rounds, quartiles in brackets; ${seconds.toFixed(0)} s`)
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
export function renderMarkdown({ results, rounds, starts }, notes) {
  const processors = cpus()
  const columns = results.map(heading)
  const rule = `| --- | ${columns.map(() => '---').join(' | ')} |`
  const nodes = results.map(({ node }) => `${node.version} (V8 ${node.v8})`).join(', ')
  const out = [
    '# Benchmarks of the port bus',
    '',
    `Written by \`npm run bench -- --node … --report\` on ${new Date().toISOString().slice(0, 10)}, commit ${commit()}: Node ${nodes};`,
    `v86 ${versionOf('v86')}, avr8js ${versionOf('avr8js')}, ${processors.length} × ${processors[0]?.model ?? 'unknown processor'}.`,
    '',
    `Every figure is the median of ${rounds} rounds, with the quartiles. Each contender of a workload has a process of its own, started`,
    `${starts} times; in a round the contenders take turns of some milliseconds, and ratios are taken within the round. What the`,
    'contenders left in the devices, and what they read, was the same.',
    '',
    '## Goals',
    '',
    `| goal | ${columns.join(' | ')} |`,
    rule,
    ...goalRows(results).map(({ workload, goal, byNode }) => {
      const cells = byNode.map((judged) =>
        judged === undefined ? '' : `${judged.met ? '' : '**missed** '}${amount(judged)}`,
      )
      return `| ${workload}: ${goal} | ${cells.join(' | ')} |`
    }),
  ]
  for (const workload of Object.keys(results[0].times)) {
    out.push('', `## ${workload}: ${TITLES[workload]}`, '', `| ns | ${columns.join(' | ')} |`, rule)
    for (const { contender, spreads, first } of rowsOf(results, workload)) {
      const cells = spreads.map(({ median, low, high }, index) => {
        const cold = first[index] === undefined ? '' : `; first second ${number(first[index])}`
        return `${number(median)} (${number(low)}–${number(high)}${cold})`
      })
      out.push(`| ${contender} | ${cells.join(' | ')} |`)
    }
  }
  return `${out.join('\n')}\n\n${notes}`
}
