// Recordings of QEMUs too old to be run here, in the form in which they were made elsewhere: replayed from a folder, and
// copied into this one.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import type { QemuEvent } from '../qemu/qemu-process.js'
import { versionIn } from '../qemu/reference.js'
import { type Header, type LifeLine, recordedVersions, recordingNames, type Step, writeRecording } from './recording.js'
import { Replay } from './replay.js'

type SurveyEvent = readonly [event: string, data?: QemuEvent['data']]
type SurveyState = string | { readonly exit: number | string } | null

interface SurveyStart {
  readonly machine?: string
  readonly args?: readonly string[]
}

interface SurveyStep {
  readonly op: string
  readonly reply: Step['reply'] | null
  readonly events: readonly SurveyEvent[]
  readonly status: SurveyState
}

interface SurveySteps {
  readonly args: SurveyStart
  readonly steps: readonly SurveyStep[]
}

type RandomStep = readonly [SurveyStep['op'], SurveyStep['reply'], SurveyStep['events'], SurveyState]

/** A file has some of these. */
interface Survey extends SurveyStart {
  readonly program: string
  readonly seed?: number
  readonly steps?: readonly RandomStep[]
  readonly bytes?: SurveySteps
  readonly life?: Readonly<Record<string, SurveySteps | null>>
  readonly port0?: SurveySteps
  readonly option2a?: SurveySteps
  readonly twoSamePort?: SurveySteps
}

interface Found {
  readonly name: string
  readonly version: string
  readonly header: Header
  /** Up to where the program aborted, if it did: that is told, not imitated. */
  readonly steps: readonly Step[]
  /** The input at which it aborted. */
  readonly aborted: string | undefined
}

/** Steps that are enough of a version, from as many of its files as it takes. */
const ENOUGH = 3_200
/** Migration is not simulated, nor what comes of it; there is nothing to wait for. */
const NOT_SIMULATED = /^(?:migrate|query-migrate|sleep)/
/** Snapshots are not simulated; without a disk they came to nothing. */
const SNAPSHOT = /"(?:savevm|loadvm)/

/** Of these this folder has recordings of its own. */
const recordedHere = new Set(recordedVersions().filter((version) => recordingNames(version, 'lifecycle').length > 0))

const { values, positionals } = parseArgs({ options: { keep: { type: 'boolean' } }, allowPositionals: true })
const [folder] = positionals
if (folder === undefined || positionals.length > 1) {
  console.error(`usage: survey [--keep] FOLDER
  replays every recording in FOLDER and tells where this package does otherwise
  --keep  copies as much of each version as "npm test" replays`)
  process.exit(2)
}
function replayFolder(path: string, keep: boolean): number {
  let steps = 0
  let differences = 0
  const kept = new Kept()
  for (const file of readdirSync(path).filter((name) => name.endsWith('.json.gz'))) {
    const survey = JSON.parse(gunzipSync(readFileSync(join(path, file))).toString()) as Survey
    for (const found of recordingsIn(file, survey)) {
      if (found.aborted !== undefined) console.log(`${file} ${found.name}: QEMU aborted at ${found.aborted}`)
      const { compared, different, isWhole } = compare(file, found)
      steps += compared
      differences += different
      if (keep && isWhole) kept.add(found)
    }
  }
  kept.write()
  console.log(`${steps} steps, ${differences} differences`)
  return differences
}

/** What "npm test" replays of each version: every life and every byte, and as many random streams as are enough. */
class Kept {
  readonly #steps = new Map<string, number>()
  readonly #lives = new Map<string, Map<string, Found>>()

  add(found: Found): void {
    const { name, version, header, steps } = found
    if (steps.length === 0 || recordedHere.has(version)) return
    const lives = this.#lives.get(version) ?? new Map<string, Found>()
    this.#lives.set(version, lives)
    if (name.startsWith('life')) {
      lives.set(name, found)
      return
    }
    const before = this.#steps.get(version) ?? 0
    if (name.startsWith('ports') && before >= ENOUGH) return
    this.#steps.set(version, before + steps.length)
    writeRecording<Header, Step>(version, name, { header, lines: steps })
  }

  write(): void {
    for (const [version, lives] of this.#lives) {
      const lines = [...lives.values()].map(({ name, header: { program, ...start }, steps }) => ({
        title: name,
        ...start,
        steps,
      }))
      const [first] = lives.values()
      if (first === undefined) continue
      const header = { program: first.header.program, arguments: ['(as each line says)'] }
      writeRecording<Header, LifeLine>(version, 'lives', { header, lines })
    }
  }
}

interface Comparison {
  readonly compared: number
  readonly different: number
  /** All that the program said was heard. */
  readonly isWhole: boolean
}

function compare(file: string, { name, header, steps }: Found): Comparison {
  const ours = new Replay(header).steps(steps.map(({ input }) => input))
  let isWhole = true
  const different = steps.flatMap((step, index) => {
    const here = ours[index]
    if (here !== undefined && isDeafToTheEnd(step, here)) isWhole = false
    else if (JSON.stringify(sorted(step)) !== JSON.stringify(sorted(here))) return [index]
    return []
  })
  const [first] = different
  if (first !== undefined) {
    console.log(`${file} ${name} ${header.arguments.join(' ')}: ${different.length} of ${steps.length} steps differ
  recorded: ${JSON.stringify(steps[first])}\n  ours:     ${JSON.stringify(ours[first])}`)
  }
  if (!isWhole) console.log(`${file} ${name}: the last SHUTDOWN was not heard`)
  return { compared: steps.length, different: different.length, isWhole }
}

/** A program that ends can take its last event with it, unread; everything before must be the same. */
function isDeafToTheEnd(step: Step, ours: Step): boolean {
  if (step.exitCode === undefined || ours.events?.at(-1)?.event !== 'SHUTDOWN') return false
  const heard = { ...ours, events: ours.events.slice(0, -1) }
  return JSON.stringify(sorted(step)) === JSON.stringify(sorted(heard))
}

/** With the members of objects in alphabetical order, since the files do not keep them in the program's. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, member]) => [name, sorted(member)] as const)
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  )
}

function* recordingsIn(file: string, survey: Survey): Generator<Found> {
  if (survey.program === undefined) return
  const release = /\d+\.\d+\.\d+/.exec(survey.program)?.[0] ?? `${survey.program}.0`
  const program = `QEMU emulator version ${release}`
  const version = versionIn(program)
  const found = (
    name: string,
    { machine, args = [] }: SurveyStart,
    steps: readonly SurveyStep[],
    seed?: number,
  ): Found => {
    const machineType = machine === undefined || machine === 'default' ? {} : { machineType: machine }
    const header = { program, ...machineType, arguments: args, ...(seed !== undefined && { seed }) }
    const abortion = steps.findIndex(({ status }) => typeof status === 'object' && typeof status?.exit === 'string')
    const whole = (abortion === -1 ? steps : steps.slice(0, abortion)).filter(({ op }) => !SNAPSHOT.test(op))
    const start = args.includes('-S') ? 'prelaunch' : 'running'
    return { name, version, header, steps: stepsOf(whole, start), aborted: steps[abortion]?.op }
  }
  if (survey.steps !== undefined) {
    const [, widths, position] = /^random-[^-]+-([a-z]+)-(\w+)\./.exec(file) ?? []
    const steps = survey.steps.map(([op, reply, events, status]) => ({ op, reply, events, status }))
    yield found(`ports-${widths}-${position}`, survey, steps, survey.seed)
  }
  const lives = { ...survey.life, ...pick(survey) }
  if (survey.bytes !== undefined) yield found('bytes', survey.bytes.args, survey.bytes.steps)
  for (const [name, life] of Object.entries(lives)) {
    if (life?.steps === undefined) continue
    if (!life.steps.some(({ op }) => NOT_SIMULATED.test(op.replace(/^qmp /, '')))) {
      yield found(`life-${name}`, life.args, life.steps)
    }
  }
}

function pick({ port0, option2a, twoSamePort }: Survey): Readonly<Record<string, SurveySteps>> {
  return { ...(port0 && { port0 }), ...(option2a && { option2a }), ...(twoSamePort && { twoSamePort }) }
}

function stepsOf(steps: readonly SurveyStep[], start: string): Step[] {
  let before = start
  return steps.map(({ op, reply, events, status }) => {
    const state = typeof status === 'string' ? status : undefined
    const step: Step = {
      input: op.replace(/^qmp /, ''),
      ...(reply !== null && reply !== undefined && { reply }),
      ...(events.length > 0 && {
        events: events.map(([event, data]) => (data === undefined ? { event } : { event, data })),
      }),
      ...(state !== undefined && state !== before && { runState: state }),
      ...(typeof status === 'object' && status !== null && { exitCode: Number(status.exit) }),
    }
    before = state ?? before
    return step
  })
}

process.exitCode = replayFolder(folder, values.keep === true) === 0 ? 0 : 1
