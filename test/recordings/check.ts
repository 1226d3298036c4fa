// Gives some of the recorded inputs to a real QEMU again, and reports where it does otherwise than recorded.

import { untilHeard } from '../qemu/conversation.js'
import { type DebugExitCase, recordDebugExitCase } from './record-debug-exit.js'
import { type FloppyScenario, recordScenario } from './record-floppy.js'
import { type LifecycleCase, type LifecycleStory, recordCase, recordStory } from './record-lifecycle.js'
import { type PortsHeader, recordSteps } from './record-ports.js'
import { type Header, readRecording, type Step } from './recording.js'

/** One with the device in place of a DMA register, one in which the machine passes through every run state. */
const PORT_RECORDINGS = ['ports-0x0', 'ports-0x505-shutdown-pause']
/** One case in so many. No divisor of the numbers of inputs and actions, so every input comes up in every state. */
const LIFECYCLE_SHARE = 7
const DEBUG_EXIT_SHARE = 17
/** Differences of a kind that are shown in full; the rest is only counted. */
const MOST_SHOWN = 3

const CHECKS: Readonly<Record<string, (tally: Tally) => Promise<void>>> = {
  'steps at ports': checkPorts,
  'inputs in run states': checkLifecycle,
  'inputs in a row': checkStories,
  'debug exits': checkDebugExit,
  'DMA transfers': checkFloppy,
}

/** Tells what was checked and each difference on the console; returns the number of differences. */
export async function checkRecordings(program: string): Promise<number> {
  const recorded = readRecording<Header, LifecycleCase>('lifecycle').header.program
  console.log(`recorded: ${recorded}\ninstalled: ${program}`)
  let differences = 0
  for (const [name, check] of Object.entries(CHECKS)) {
    const tally = new Tally()
    await check(tally)
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

async function checkPorts(tally: Tally): Promise<void> {
  for (const name of PORT_RECORDINGS) {
    const { header, lines } = readRecording<PortsHeader, Step>(name)
    const steps = await untilHeard(() =>
      recordSteps(
        header.arguments,
        lines.map(({ input }) => input),
      ),
    )
    for (const [index, line] of lines.entries()) tally.compare(`${name}, step ${index}`, line, steps[index])
  }
}

async function checkLifecycle(tally: Tally): Promise<void> {
  for (const line of everyNth(LIFECYCLE_SHARE, readRecording<Header, LifecycleCase>('lifecycle').lines)) {
    const { from, actions, step } = line
    tally.compare('lifecycle', line, await untilHeard(() => recordCase(from, actions, step.input)))
  }
}

async function checkStories(tally: Tally): Promise<void> {
  for (const line of readRecording<Header, LifecycleStory>('lifecycle-stories').lines) {
    const inputs = line.steps.map(({ input }) => input)
    tally.compare(line.title, line, await untilHeard(() => recordStory({ ...line, inputs })))
  }
}

async function checkDebugExit(tally: Tally): Promise<void> {
  for (const line of everyNth(DEBUG_EXIT_SHARE, readRecording<Header, DebugExitCase>('debug-exit').lines)) {
    const { step, ...options } = line
    tally.compare('debug-exit', line, await untilHeard(() => recordDebugExitCase(options, step.input)))
  }
}

async function checkFloppy(tally: Tally): Promise<void> {
  for (const { title, steps } of readRecording<Header, FloppyScenario>('floppy').lines) {
    tally.compare(title, steps, await recordScenario(steps.map(({ input }) => input)))
  }
}

function everyNth<Line>(nth: number, lines: readonly Line[]): Line[] {
  return lines.filter((_, index) => index % nth === 0)
}
