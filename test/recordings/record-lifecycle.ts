// Records what every input does in every run state under every combination of QEMU's actions.

import { untilHeard } from '../qemu/conversation.js'
import { QemuProcess } from '../qemu/qemu-process.js'
import type { Reference } from '../qemu/reference.js'
import { type Actions, actionArguments, actionCombinations, defaultActions, survivingActions } from './actions.js'
import { observeStep } from './observe.js'
import { type Header, type Step, writeRecording } from './recording.js'

export const RUN_STATES = ['running', 'paused', 'guest-panicked', 'prelaunch', 'shutdown'] as const
export type LifecycleState = (typeof RUN_STATES)[number]

/** One input to a machine with the device at its default port. */
export interface LifecycleCase {
  readonly from: LifecycleState
  readonly actions: Actions
  /** Its run state is there unless QEMU has ended, changed or not. */
  readonly step: Step
}

/** Several inputs in a row to one machine that was started with `actions`. */
export interface LifecycleStory {
  readonly title: string
  readonly actions: Actions
  /** Started with `-S`: the run state is `prelaunch` before the first step. */
  readonly startPaused: boolean
  readonly steps: readonly Step[]
}

export const PANIC = 'outb 0x505 0x1'
const CRASH_LOADED = 'outb 0x505 0x2'
const SHUTDOWN = 'outb 0x505 0x4'
const INPUTS = [PANIC, CRASH_LOADED, SHUTDOWN, 'stop', 'cont', 'system_reset', 'system_powerdown', 'quit', 'SIGTERM']

/** The device of every case and story. */
export const DEVICE = ['-device', 'pvpanic']
/** What a story is recorded from. */
export interface Story {
  readonly title: string
  readonly actions?: Partial<Actions>
  readonly startPaused?: boolean
  readonly inputs: readonly string[]
}

const STORIES: readonly Story[] = [
  {
    title: 'two panics in a row, and the second after cont',
    actions: { panic: 'pause' },
    inputs: [PANIC, PANIC, 'cont', PANIC, CRASH_LOADED, 'cont', CRASH_LOADED],
  },
  {
    title: 'four panics in one 32-bit write, and both kinds in one 16-bit write',
    actions: { panic: 'pause' },
    inputs: [
      'outl 0x505 0x01010101',
      'cont',
      'outw 0x505 0x0201',
      'cont',
      'outw 0x505 0x0102',
      'outl 0x505 0x01020001',
    ],
  },
  {
    title: 'four panics in one 32-bit write end the machine once',
    inputs: ['outl 0x505 0x01010101'],
  },
  {
    title: 'four panics in one 32-bit write, with the end paused',
    actions: { panic: 'exit-failure', shutdown: 'pause' },
    inputs: ['outl 0x505 0x01010101', 'cont', 'quit'],
  },
  {
    title: 'a panic that asked for a failing exit, paused, then quit',
    actions: { panic: 'exit-failure', shutdown: 'pause' },
    inputs: [PANIC, 'quit'],
  },
  {
    title: 'a panic that asked for a failing exit, paused, then SIGTERM',
    actions: { panic: 'exit-failure', shutdown: 'pause' },
    inputs: [PANIC, 'SIGTERM'],
  },
  {
    title: 'reset out of guest-panicked waits for cont',
    actions: { panic: 'pause' },
    inputs: [PANIC, 'system_reset', 'system_reset', 'stop', PANIC, 'cont', PANIC, 'stop', 'cont', 'stop', 'cont'],
  },
  {
    title: 'reset that shuts down into a pause is final until the action changes',
    actions: { reboot: 'shutdown', shutdown: 'pause' },
    inputs: [
      'system_reset',
      'cont',
      'stop',
      'system_reset',
      PANIC,
      'set-action {"reboot":"reset"}',
      'system_reset',
      'cont',
    ],
  },
  {
    title: 'reset while guest-panicked, where reset means shutdown, which means pause',
    actions: { panic: 'pause', reboot: 'shutdown', shutdown: 'pause' },
    inputs: [PANIC, 'system_reset', 'cont', 'system_reset', 'cont'],
  },
  {
    title: 'a machine started paused panics, goes on and panics again',
    actions: { panic: 'pause' },
    startPaused: true,
    inputs: [PANIC, CRASH_LOADED, 'stop', 'cont', PANIC],
  },
  {
    title: 'a machine started paused ends at a panic',
    startPaused: true,
    inputs: [PANIC],
  },
  {
    title: 'a shutdown that the guest reports, alone and after a panic, with the end paused',
    actions: { shutdown: 'pause' },
    inputs: [SHUTDOWN, 'cont', SHUTDOWN, PANIC, 'system_reset', 'cont', PANIC, SHUTDOWN, 'outl 0x505 0x01040204'],
  },
  {
    title: 'a reset while paused, prelaunch and guest-panicked, with the end paused',
    actions: { shutdown: 'pause' },
    startPaused: true,
    inputs: ['system_reset', 'cont', 'stop', 'system_reset', 'cont', PANIC, 'system_reset', 'cont', PANIC, 'cont'],
  },
  {
    title: 'actions change at run time and hold from the next event on',
    inputs: [
      ...['set-action {"panic":"none"}', PANIC, 'set-action {"panic":"pause"}', PANIC, 'cont', 'set-action {}'],
      ...[PANIC, 'cont', 'set-action {"panic":"exit-failure","shutdown":"pause"}', PANIC, 'cont'],
      ...['set-action {"shutdown":"poweroff"}', PANIC],
    ],
  },
]

export async function recordLifecycle(reference: Reference): Promise<void> {
  const { qemu, title: program } = reference
  const header = { program, arguments: DEVICE }
  const cases: LifecycleCase[] = []
  for (const from of RUN_STATES) {
    for (const actions of actionCombinations(qemu).filter((each) => canReach(from, each, reference))) {
      for (const input of INPUTS) cases.push(await untilHeard(() => recordCase(reference, from, actions, input)))
    }
  }
  const bytes = writeRecording<Header, LifecycleCase>(qemu.version, 'lifecycle', { header, lines: cases })
  console.log(`lifecycle: ${cases.length} cases, ${bytes} bytes`)

  const lines: LifecycleStory[] = []
  for (const story of STORIES.filter((each) => canTell(each, reference))) {
    lines.push(await untilHeard(() => recordStory(reference, story)))
  }
  const storyBytes = writeRecording<Header, LifecycleStory>(qemu.version, 'lifecycle-stories', { header, lines })
  console.log(`lifecycle-stories: ${lines.length} cases, ${storyBytes} bytes`)
}

/** Without set-action a state can only be reached under the actions that lead there. */
function canReach(from: LifecycleState, actions: Actions, { qemu }: Reference): boolean {
  if (qemu.actions) return true
  if (from === 'guest-panicked') return actions.panic === 'pause' || actions.shutdown === 'pause'
  return from !== 'shutdown' || (actions.shutdown === 'pause' && actions.reboot === 'shutdown')
}

function canTell({ actions, inputs }: Story, { qemu }: Reference): boolean {
  if (qemu.actions) return true
  const panic = actions?.panic ?? defaultActions(qemu).panic
  return panic === defaultActions(qemu).panic && !inputs.some((input) => input.startsWith('set-action'))
}

/** Gives `input` to a QEMU that is in `from`. */
export async function recordCase(
  reference: Reference,
  from: LifecycleState,
  actions: Actions,
  input: string,
): Promise<LifecycleCase> {
  const qemu = await startIn(reference, from, actions)
  try {
    return { from, actions, step: await observeStep(qemu, input, undefined) }
  } finally {
    await qemu.dispose()
  }
}

/** How a state is reached: with which actions and options the program is started, and by which input. */
export function wayInto(
  state: LifecycleState,
  actions: Actions,
  qemu: Reference['qemu'],
): { readonly actions: Actions; readonly options: readonly string[]; readonly input?: string } {
  switch (state) {
    case 'running':
      return { actions, options: [] }
    case 'prelaunch':
      return { actions, options: ['-S'] }
    case 'paused':
      return { actions, options: [], input: 'stop' }
    case 'guest-panicked':
      return { actions: { ...actions, panic: survivingActions(qemu).panic }, options: [], input: PANIC }
    case 'shutdown':
      return { actions: { ...actions, shutdown: 'pause', reboot: 'shutdown' }, options: [], input: 'system_reset' }
  }
}

/** Two states can only be reached under actions of their own; the wanted ones are set when the state is there. */
async function startIn(reference: Reference, state: LifecycleState, actions: Actions): Promise<QemuProcess> {
  const way = wayInto(state, actions, reference.qemu)
  const qemu = await start(reference, way.actions, way.options)
  if (way.input !== undefined) await observeStep(qemu, way.input, undefined)
  if (way.input !== undefined && reference.qemu.actions) await qemu.observeQmp('set-action', { ...actions })
  return qemu
}

function start({ program, qemu }: Reference, actions: Actions, more: readonly string[]): Promise<QemuProcess> {
  return QemuProcess.start([...DEVICE, ...actionArguments(actions, qemu), ...more], program)
}

/** Gives a story's inputs one after the other to a QEMU of their own, up to its end. */
export async function recordStory(reference: Reference, story: Story): Promise<LifecycleStory> {
  const { title, startPaused = false, inputs } = story
  const actions = { ...defaultActions(reference.qemu), ...story.actions }
  const qemu = await start(reference, actions, startPaused ? ['-S'] : [])
  try {
    const steps: Step[] = []
    let runState: string | undefined = await qemu.runState()
    for (const input of inputs) {
      const step = await observeStep(qemu, input, runState)
      runState = step.runState ?? runState
      steps.push(step)
      if (step.exitCode !== undefined) break
    }
    return { title, actions, startPaused, steps }
  } finally {
    await qemu.dispose()
  }
}
