// npm run coverage: what of src the tests run, the programs that they spawn counted in. Fails below the thresholds.
//
//   --list   also prints each line and branch that nothing runs
//
// Vitest measures its own processes. Those that tests spawn write what V8 counted (NODE_V8_COVERAGE), with the source map
// of each module; whatever stands at a place that Vitest knows is added to it.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { type EncodedSourceMap, generatedPositionFor, TraceMap } from '@jridgewell/trace-mapping'
import { startVitest } from 'vitest/node'

const THRESHOLDS = { lines: 97, branches: 93 }
const root = resolve(import.meta.dirname, '..')

interface Place {
  readonly line: number
  readonly column: number
}

interface Span {
  readonly start: Place | { readonly line?: undefined }
}

/** Istanbul's form, as far as it is used here. */
interface FileCoverage {
  readonly path: string
  readonly statementMap: Readonly<Record<string, { readonly start: Place }>>
  readonly branchMap: Readonly<
    Record<string, { readonly loc: { readonly start: Place }; readonly locations: readonly Span[] }>
  >
  readonly s: Record<string, number>
  readonly b: Record<string, number[]>
}

/** What V8 wrote of a process, as far as it is used here. */
interface ProcessCoverage {
  readonly result: readonly {
    readonly url: string
    readonly functions: readonly { readonly ranges: readonly Range[] }[]
  }[]
  readonly 'source-map-cache'?: Readonly<
    Record<string, { readonly lineLengths: readonly number[]; readonly data: EncodedSourceMap | null }>
  >
}

interface Range {
  readonly startOffset: number
  readonly endOffset: number
  readonly count: number
}

/** How often a spawned process came by a place of the source; undefined where its code has none. */
type CountAt = (place: Place) => number | undefined

async function runTests(folder: string): Promise<Map<string, FileCoverage>> {
  const reports = join(folder, 'vitest')
  const vitest = await startVitest('test', [], {
    watch: false,
    reporters: ['dot'],
    // Measuring takes its time.
    testTimeout: 120_000,
    env: { NODE_V8_COVERAGE: join(folder, 'spawned') },
    // Its subject is V8's bytecode, which counting changes.
    exclude: ['test/bus/bytecode.test.ts'],
    coverage: {
      enabled: true,
      provider: 'v8',
      include: ['src/**'],
      reporter: ['json'],
      reportsDirectory: reports,
      // A test that fails shows in the exit code.
      reportOnFailure: true,
    },
  })
  await vitest.close()
  const measured = JSON.parse(readFileSync(join(reports, 'coverage-final.json'), 'utf8')) as Record<
    string,
    FileCoverage
  >
  return new Map(Object.entries(measured))
}

/** Adds what the spawned processes ran. Returns how many there were. */
function addSpawned(measured: ReadonlyMap<string, FileCoverage>, folder: string): number {
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'))
  for (const name of names) {
    const coverage = JSON.parse(readFileSync(join(folder, name), 'utf8')) as ProcessCoverage
    for (const { url, functions } of coverage.result) {
      const source = coverage['source-map-cache']?.[url]
      const file = url.startsWith('file://') ? measured.get(new URL(url).pathname) : undefined
      if (file === undefined || source?.data == null) continue
      const ranges = functions.flatMap((one) => one.ranges)
      addFile(file, counter(new TraceMap(source.data), source.lineLengths, ranges, pathToFileURL(file.path).href))
    }
  }
  return names.length
}

function counter(map: TraceMap, lineLengths: readonly number[], ranges: readonly Range[], source: string): CountAt {
  const lineStarts = [0]
  for (const length of lineLengths) lineStarts.push((lineStarts.at(-1) ?? 0) + length + 1)
  return ({ line, column }) => {
    const generated = generatedPositionFor(map, { source, line, column })
    if (generated.line === null) return undefined
    const offset = (lineStarts[generated.line - 1] ?? 0) + generated.column
    const around = ranges.filter(({ startOffset, endOffset }) => startOffset <= offset && offset < endOffset)
    const lengthOf = ({ startOffset, endOffset }: Range) => endOffset - startOffset
    return around.sort((one, other) => lengthOf(one) - lengthOf(other))[0]?.count
  }
}

function addFile({ statementMap, branchMap, s, b }: FileCoverage, countAt: CountAt): void {
  for (const [id, { start }] of Object.entries(statementMap)) s[id] = (s[id] ?? 0) + (countAt(start) ?? 0)
  for (const [id, { loc, locations }] of Object.entries(branchMap)) {
    const counts = locations.map(({ start }) => (start.line === undefined ? undefined : countAt(start)))
    const rest = Math.max(0, (countAt(loc.start) ?? 0) - counts.reduce((sum: number, count) => sum + (count ?? 0), 0))
    // An `if` without `else` has an arm without a place: it was taken when the other was not.
    b[id] = (b[id] ?? []).map(
      (count, arm) => count + (counts[arm] ?? (locations[arm]?.start.line === undefined ? rest : 0)),
    )
  }
}

/** What there is of one kind, and how much of it was run. */
class Share {
  total = 0
  run = 0

  add(isRun: boolean): void {
    this.total++
    if (isRun) this.run++
  }

  get percent(): number {
    return this.total === 0 ? 100 : (100 * this.run) / this.total
  }
}

interface Summary {
  readonly lines: Share
  readonly branches: Share
}

const emptySummary = (): Summary => ({ lines: new Share(), branches: new Share() })

/** Counts a file into each of `summaries`. Returns the places that nothing ran. */
function summarise({ statementMap, branchMap, s, b }: FileCoverage, summaries: readonly Summary[]): string[] {
  const lines = new Map<number, boolean>()
  for (const [id, { start }] of Object.entries(statementMap)) {
    lines.set(start.line, lines.get(start.line) === true || (s[id] ?? 0) > 0)
  }
  const missing: string[] = []
  for (const [line, isRun] of lines) {
    for (const { lines: share } of summaries) share.add(isRun)
    if (!isRun) missing.push(`${line}`)
  }
  for (const [id, { loc, locations }] of Object.entries(branchMap)) {
    for (const [arm, count] of (b[id] ?? []).entries()) {
      for (const { branches } of summaries) branches.add(count > 0)
      const line = locations[arm]?.start.line ?? loc.start.line
      if (count === 0 && lines.get(line) !== false) missing.push(`${line} (branch)`)
    }
  }
  return missing
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { list: { type: 'boolean' } } })
  const folder = mkdtempSync(join(tmpdir(), 'coverage-'))
  const measured = await runTests(folder)
  const processes = addSpawned(measured, join(folder, 'spawned'))
  rmSync(folder, { recursive: true })

  const all = emptySummary()
  const floors = new Map<string, Summary>()
  for (const file of measured.values()) {
    const path = relative(join(root, 'src'), file.path)
    const [name = ''] = path.includes('/') ? path.split('/') : ['(entry)']
    const floor = floors.get(name) ?? emptySummary()
    floors.set(name, floor)
    const missing = summarise(file, [all, floor])
    if (values.list === true && missing.length > 0) console.log(`src/${path}: ${missing.join(', ')}`)
  }
  console.log(`with ${processes} spawned processes`)
  for (const [name, { lines, branches }] of [...floors].sort().concat([['all', all]])) {
    console.log(`${name.padEnd(14)} lines ${lines.percent.toFixed(1)} %  branches ${branches.percent.toFixed(1)} %`)
  }
  for (const kind of ['lines', 'branches'] as const) {
    if (all[kind].percent < THRESHOLDS[kind]) {
      console.error(`${kind}: ${all[kind].percent.toFixed(2)} % is below ${THRESHOLDS[kind]} %`)
      process.exitCode = 1
    }
  }
}

await main()
