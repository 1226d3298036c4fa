// Records what every input does in every run state under every combination of QEMU's actions.

import { untilHeard } from '../qemu/conversation.js'
import { QemuProcess } from '../qemu/qemu-process.js'
import { observeStep } from './observe.js'
import { type Actions, type Header, type Step, writeRecording } from './recording.js'

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
export const CRASH_LOADED = 'outb 0x505 0x2'
const INPUTS = [PANIC, CRASH_LOADED, 'stop', 'cont', 'system_reset', 'system_powerdown', 'quit', 'SIGTERM']

const DEVICE = ['-device', 'pvpanic']
const DEFAULTS: Actions = { panic: 'shutdown', shutdown: 'poweroff', reboot: 'reset' }

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
    title: 'actions change at run time and hold from the next event on',
    inputs: [
      ...['set-action {"panic":"none"}', PANIC, 'set-action {"panic":"pause"}', PANIC, 'cont', 'set-action {}'],
      ...[PANIC, 'cont', 'set-action {"panic":"exit-failure","shutdown":"pause"}', PANIC, 'cont'],
      ...['set-action {"shutdown":"poweroff"}', PANIC],
    ],
  },
]

export async function recordLifecycle(program: string): Promise<void> {
  const cases: LifecycleCase[] = []
  for (const from of RUN_STATES) {
    for (const actions of everyCombination()) {
      for (const input of INPUTS) cases.push(await untilHeard(() => recordCase(from, actions, input)))
    }
  }
  const header = { program, arguments: [...DEVICE, '-action', '(as each line says)'] }
  report('lifecycle', cases.length, writeRecording<Header, LifecycleCase>('lifecycle', { header, lines: cases }))

  const stories: LifecycleStory[] = []
  for (const story of STORIES) stories.push(await untilHeard(() => recordStory(story)))
  const bytes = writeRecording<Header, LifecycleStory>('lifecycle-stories', { header, lines: stories })
  report('lifecycle-stories', stories.length, bytes)
}

function report(name: string, lines: number, bytes: number): void {
  console.log(`${name}: ${lines} cases, ${bytes} bytes`)
}

function everyCombination(): Actions[] {
  const combinations: Actions[] = []
  for (const panic of ['pause', 'shutdown', 'exit-failure', 'none'] as const) {
    for (const shutdown of ['poweroff', 'pause'] as const) {
      for (const reboot of ['reset', 'shutdown'] as const) combinations.push({ panic, shutdown, reboot })
    }
  }
  return combinations
}

/** Gives `input` to a QEMU that is in `from`. */
export async function recordCase(from: LifecycleState, actions: Actions, input: string): Promise<LifecycleCase> {
  const qemu = await startIn(from, actions)
  try {
    return { from, actions, step: await observeStep(qemu, input, undefined) }
  } finally {
    await qemu.dispose()
  }
}

/** Two states can only be reached under actions of their own; the wanted ones are set when the state is there. */
async function startIn(state: LifecycleState, actions: Actions): Promise<QemuProcess> {
  switch (state) {
    case 'running':
      return start(actions)
    case 'prelaunch':
      return start(actions, ['-S'])
    case 'paused': {
      const qemu = await start(actions)
      await qemu.observeQmp('stop')
      return qemu
    }
    case 'guest-panicked': {
      const qemu = await start({ ...actions, panic: 'pause' })
      await qemu.observeQtest(PANIC)
      await qemu.observeQmp('set-action', { ...actions })
      return qemu
    }
    case 'shutdown': {
      const qemu = await start({ ...actions, shutdown: 'pause', reboot: 'shutdown' })
      await qemu.observeQmp('system_reset')
      await qemu.observeQmp('set-action', { ...actions })
      return qemu
    }
  }
}

function start({ panic, shutdown, reboot }: Actions, more: readonly string[] = []): Promise<QemuProcess> {
  const actions = `panic=${panic},shutdown=${shutdown},reboot=${reboot}`
  return QemuProcess.start([...DEVICE, '-action', actions, ...more])
}

/** Gives a story's inputs one after the other to a QEMU of their own. */
export async function recordStory(story: Story): Promise<LifecycleStory> {
  const { title, startPaused = false, inputs } = story
  const actions = { ...DEFAULTS, ...story.actions }
  const qemu = await start(actions, startPaused ? ['-S'] : [])
  try {
    const steps: Step[] = []
    let runState: string | undefined = await qemu.runState()
    for (const input of inputs) {
      const step = await observeStep(qemu, input, runState)
      runState = step.runState ?? runState
      steps.push(step)
    }
    return { title, actions, startPaused, steps }
  } finally {
    await qemu.dispose()
  }
}
