// Gives some of the recorded inputs to a real QEMU again, and reports where it does otherwise than recorded.

import { qemuRelease } from '../../src/machine/qemu-releases.js'
import { untilHeard } from '../qemu/conversation.js'
import type { Reference } from '../qemu/reference.js'
import { type DebugExitCase, recordDebugExitCase } from './record-debug-exit.js'
import { type FloppyScenario, recordScenario } from './record-floppy.js'
import { type LifecycleCase, type LifecycleStory, recordCase, recordStory } from './record-lifecycle.js'
import { recordSteps } from './record-ports.js'
import { type Header, readRecording, recordedVersions, recordingNames, type Step } from './recording.js'

/** One with the device in place of a DMA register, one in which the machine passes through every run state, and every byte. */
const PORT_RECORDINGS = ['ports-0x0', 'ports-0x505-shutdown-pause', 'bytes']
/** One case in so many. No divisor of the numbers of inputs and actions, so every input comes up in every state. */
const LIFECYCLE_SHARE = 7
const DEBUG_EXIT_SHARE = 17
/** Differences of a kind that are shown in full; the rest is only counted. */
const MOST_SHOWN = 3

const CHECKS: Readonly<Record<string, (reference: Reference, version: string, tally: Tally) => Promise<void>>> = {
  'steps at ports': checkPorts,
  'inputs in run states': checkLifecycle,
  'inputs in a row': checkStories,
  'debug exits': checkDebugExit,
  'DMA transfers': checkFloppy,
}

/** Tells what was checked and each difference on the console; returns the number of differences. */
export async function checkRecordings(reference: Reference): Promise<number> {
  const { series } = qemuRelease(reference.qemu.version)
  const version = recordedVersions().findLast((each) => qemuRelease(each).series === series)
  if (version === undefined) throw new Error(`there are no recordings of QEMU ${series}`)
  const recorded = readRecording<Header, LifecycleCase>(version, 'lifecycle').header.program
  console.log(`recorded: ${recorded}\ninstalled: ${reference.title}`)
  let differences = 0
  for (const [name, check] of Object.entries(CHECKS)) {
    const tally = new Tally()
    await check(reference, version, tally)
    console.log(`${name}: ${tally.checked} checked, ${tally.differences} differ`)
    differences += tally.differences
  }
  return differences
}

/** Counts what was compared. */
class Tally {
  checked = 0
  differences = 0

  compare(title: string, recorded: unknown, now: unknown): void {
    this.checked++
    if (JSON.stringify(recorded) === JSON.stringify(now)) return
    if (++this.differences > MOST_SHOWN) return
    console.log(`${title}\n  recorded: ${JSON.stringify(recorded)}\n  now:      ${JSON.stringify(now)}`)
  }
}

async function checkPorts(reference: Reference, version: string, tally: Tally): Promise<void> {
  const names = recordingNames(version)
  for (const name of PORT_RECORDINGS.filter((each) => names.includes(each))) {
    const { header, lines } = readRecording<Header, Step>(version, name)
    const steps = await untilHeard(() =>
      recordSteps(
        reference,
        header.arguments,
        lines.map(({ input }) => input),
      ),
    )
    for (const [index, line] of lines.entries()) tally.compare(`${name}, step ${index}`, line, steps[index])
  }
}

async function checkLifecycle(reference: Reference, version: string, tally: Tally): Promise<void> {
  for (const line of everyNth(LIFECYCLE_SHARE, readRecording<Header, LifecycleCase>(version, 'lifecycle').lines)) {
    const { from, actions, step } = line
    tally.compare('lifecycle', line, await untilHeard(() => recordCase(reference, from, actions, step.input)))
  }
}

async function checkStories(reference: Reference, version: string, tally: Tally): Promise<void> {
  for (const line of readRecording<Header, LifecycleStory>(version, 'lifecycle-stories').lines) {
    const inputs = line.steps.map(({ input }) => input)
    tally.compare(line.title, line, await untilHeard(() => recordStory(reference, { ...line, inputs })))
  }
}

async function checkDebugExit(reference: Reference, version: string, tally: Tally): Promise<void> {
  for (const line of everyNth(DEBUG_EXIT_SHARE, readRecording<Header, DebugExitCase>(version, 'debug-exit').lines)) {
    const { step, ...options } = line
    tally.compare('debug-exit', line, await untilHeard(() => recordDebugExitCase(reference, options, step.input)))
  }
}

async function checkFloppy(reference: Reference, version: string, tally: Tally): Promise<void> {
  for (const { title, steps } of readRecording<Header, FloppyScenario>(version, 'floppy').lines) {
    tally.compare(
      title,
      steps,
      await recordScenario(
        reference,
        steps.map(({ input }) => input),
      ),
    )
  }
}

function everyNth<Line>(nth: number, lines: readonly Line[]): Line[] {
  return lines.filter((_, index) => index % nth === 0)
}
