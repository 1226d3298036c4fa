// Records random port operations on a real QEMU, for the positions of the pvpanic device at which decoding differs.

import { QemuProcess } from '../qemu/qemu-process.js'
import { observeStep } from './observe.js'
import { randomSteps } from './random-steps.js'
import { type Actions, type Header, type Step, writeRecording } from './recording.js'

/** Of a recording of random port operations; it begins in run state `running`. */
export interface PortsHeader extends Header {
  /** Where the pvpanic device is, or null without one. */
  readonly iobase: number | null
  /** What a read of the device shows. */
  readonly events: number
  readonly actions: Actions
}

interface PortsRun {
  readonly iobase: number | null
  readonly events?: number
  readonly actions?: Partial<Actions>
}

const STEPS = 1_500
const FIRST_SEED = 20_130_600
const DEFAULT_EVENTS = 3
const COMMANDS = ['system_reset', 'stop', 'cont', 'cont', 'cont', 'system_powerdown']

const RUNS: Readonly<Record<string, PortsRun>> = {
  'ports-none': { iobase: null },
  'ports-0x0': { iobase: 0 },
  'ports-0x8': { iobase: 8 },
  'ports-0xb': { iobase: 0xb },
  'ports-0x82': { iobase: 0x82 },
  'ports-0x83': { iobase: 0x83 },
  'ports-0x87': { iobase: 0x87 },
  'ports-0xd1': { iobase: 0xd1 },
  'ports-0x505': { iobase: 0x505 },
  'ports-0x506': { iobase: 0x506 },
  'ports-0xffff': { iobase: 0xffff },
  'ports-0x0-log': { iobase: 0, events: 1, actions: { panic: 'none' } },
  'ports-0xc4-log': { iobase: 0xc4, events: 255, actions: { panic: 'none' } },
  'ports-0x505-shutdown-pause': { iobase: 0x505, events: 0, actions: { panic: 'shutdown', shutdown: 'pause' } },
  'ports-0x506-exit-failure-pause': { iobase: 0x506, actions: { panic: 'exit-failure', shutdown: 'pause' } },
}

/** The names of the recordings that `recordPorts` makes. */
export const PORT_RECORDINGS = Object.keys(RUNS)

export async function recordPorts(program: string): Promise<void> {
  for (const [index, [name, run]] of Object.entries(RUNS).entries()) {
    const { iobase, events = DEFAULT_EVENTS } = run
    const actions: Actions = { panic: 'pause', shutdown: 'poweroff', reboot: 'reset', ...run.actions }
    const seed = FIRST_SEED + index
    const device = iobase === null ? [] : ['-device', `pvpanic,ioport=${iobase},events=${events}`]
    const args = [...device, '-action', `panic=${actions.panic},shutdown=${actions.shutdown},reboot=${actions.reboot}`]
    const steps = await recordSteps(args, randomSteps({ iobase, seed, count: STEPS, commands: COMMANDS }))
    const header: PortsHeader = { program, arguments: args, seed, iobase, events, actions }
    const bytes = writeRecording<PortsHeader, Step>(name, { header, lines: steps })
    console.log(
      `${name}: ${steps.length} steps, ${steps.filter((step) => step.events).length} with events, ${bytes} bytes`,
    )
  }
}

/** Gives `inputs` one after the other to a QEMU started with `args`. */
export async function recordSteps(args: readonly string[], inputs: readonly string[]): Promise<Step[]> {
  const qemu = await QemuProcess.start(args)
  try {
    const steps: Step[] = []
    let runState = await qemu.runState()
    for (const input of inputs) {
      const step = await observeStep(qemu, input, runState)
      runState = step.runState ?? runState
      steps.push(step)
    }
    return steps
  } finally {
    await qemu.dispose()
  }
}
