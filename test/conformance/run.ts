// `npm run conformance`: gives QEMU and this package the same random streams and reports every difference.

import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Command, InvalidArgumentError } from 'commander'
import { type MachineProgram, QemuError, qemuVersion } from '../qemu/qemu-process.js'
import { findReference, type Reference } from '../qemu/reference.js'
import { compareLife, compareSingly, type Difference } from './compare.js'
import { checkKnownDifferences } from './known-differences.js'
import { planLife } from './lives.js'
import { Progress, printReport, type Report } from './report.js'
import { shrink } from './shrink.js'
import { inProcessTarget, processTarget, type Target } from './target.js'

/** Lives that differ after which the rest would tell nothing more. */
const MOST_DIFFERENCES = 10
/** Every so many lives one is led one input at a time, which takes several times as long and proves the groups right. */
const SINGLY_EVERY = 10
/** Lives led at the same time: while one waits for a program to start or to answer, another goes on. */
const LANES = 3

interface Options {
  readonly ops: number
  readonly seed: number
  readonly qemu?: string
  readonly json?: true
  readonly inProcess?: true
  readonly subject?: string
}

const PACKAGE = new URL('../../package.json', import.meta.url)

const program = new Command('conformance')
  .description('Compares this package with the QEMU that is installed: replies, events, run states, exit codes.')
  .option('--ops <n>', 'port operations and commands to run, at least', positiveInteger, 100_000)
  .option('--seed <n>', 'of the streams', positiveInteger, 20_130_600)
  .option('--qemu <path>', 'the QEMU to compare with; its version is found out', process.env.QEMU)
  .option('--in-process', 'compare with Machine alone, without the servers around it')
  .option('--subject <path>', 'the script to compare, if not the built pvpanic-system-x86_64')
  .option('--json', 'print one JSON object')
  .addHelpText('after', '\nInterrupted once, it ends the lives under way and reports what it has compared.')
  .addHelpText(
    'after',
    '\nWithout --qemu it is the one that the environment variable QEMU names, or qemu-system-x86_64.',
  )
  .parse()

try {
  process.exitCode = await main(program.opts<Options>())
} catch (error) {
  console.error(error instanceof QemuError ? error.message : error)
  process.exitCode = 1
}

async function main(options: Options): Promise<number> {
  const reference = await findReference(options.qemu)
  if (options.inProcess) return finish(await run(reference, inProcessTarget(reference.title), options), options)
  const ours = ourProgram(options.subject ?? builtProgram(), reference.qemu.version)
  const report = await run(reference, processTarget(await qemuVersion(ours), ours), options)
  return finish({ ...report, unexpected: await checkKnownDifferences(reference, ours) }, options)
}

/** Prints the report and gives the exit code. */
function finish(report: Report, options: Options): number {
  printReport(report, options)
  return report.differences > 0 || report.unexpected.length > 0 ? 1 : 0
}

/** Where the build puts the program with QEMU's options. */
function builtProgram(): string {
  const { bin } = JSON.parse(readFileSync(PACKAGE, 'utf8')) as { bin: Readonly<Record<string, string>> }
  return fileURLToPath(new URL(bin['pvpanic-system-x86_64'] ?? '', PACKAGE))
}

/** Our program, told to behave like a version of QEMU. */
function ourProgram(path: string, version: string): MachineProgram {
  if (!existsSync(path)) throw new QemuError(`there is no ${path}; "npm run build" makes the program`)
  const command = [process.execPath, path, '-as-qemu', version] as const
  return { command, hasCpu: false, hint: 'Build it with "npm run build".' }
}

async function run(reference: Reference, subject: Target, { ops, seed, json, inProcess }: Options): Promise<Report> {
  const qemu = processTarget(reference.title, reference.program)
  const progress = new Progress(ops, json !== true)
  const started = performance.now()
  const report: Report = {
    reference: qemu.name,
    subject: subject.name,
    ...{ seed, operations: 0, lives: 0, ended: 0, events: 0, seconds: 0 },
    ...{ differences: 0, first: undefined, unexpected: [] },
  }
  const found: Difference[] = []
  let next = 0
  let interrupted = false
  process.once('SIGINT', () => {
    interrupted = true
  })
  const lane = async (): Promise<void> => {
    while (!interrupted && report.operations < ops && found.length < MOST_DIFFERENCES) {
      const index = next++
      const { setup, inputs } = planLife(seed, index, { qemu: reference.qemu, withMonitor: inProcess !== true })
      const life = { setup, inputs: inputs.slice(0, ops - report.operations) }
      const compare = index % SINGLY_EVERY === 0 ? compareSingly : compareLife
      const { operations, events, exitCode, difference } = await compare(qemu, subject, life)
      report.operations += operations
      report.events += events
      report.lives++
      if (exitCode !== undefined) report.ended++
      if (difference !== undefined) found.push(difference)
      report.differences = found.length
      progress.show(report)
    }
  }
  const stopAll = (error: unknown): never => {
    interrupted = true
    throw error
  }
  await Promise.all(Array.from({ length: LANES }, () => lane().catch(stopAll)))
  report.seconds = (performance.now() - started) / 1000
  const [first] = found
  if (first !== undefined) {
    progress.say('shrinking the first difference')
    report.first = await shrink(qemu, subject, first)
  }
  progress.end()
  return report
}

function positiveInteger(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new InvalidArgumentError('A whole number from 1 to 9999999999 is needed.')
  return Number(text)
}
