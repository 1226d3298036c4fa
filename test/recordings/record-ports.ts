// Records random port accesses and commands, and every byte, on a real QEMU.

import { QemuProcess } from '../qemu/qemu-process.js'
import type { Reference } from '../qemu/reference.js'
import { type Actions, actionArguments, defaultActions, survivingActions } from './actions.js'
import { observeStep } from './observe.js'
import { randomSteps } from './random-steps.js'
import { type Header, type Step, writeRecording } from './recording.js'

interface PortsRun {
  readonly iobase: number | null
  readonly events?: number
  readonly actions?: Partial<Actions>
}

const FIRST_SEED = 20_130_600
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

/** @param count steps of each random stream. */
export async function recordPorts(reference: Reference, count: number): Promise<void> {
  const { qemu } = reference
  const write = (name: string, header: Omit<Header, 'program'>, steps: Step[]): void => {
    const bytes = writeRecording<Header, Step>(qemu.version, name, {
      header: { program: reference.title, ...header },
      lines: steps,
    })
    console.log(`${name}: ${steps.length} steps, ${bytes} bytes`)
  }
  for (const [index, [name, { iobase, events, actions: wanted }]] of Object.entries(RUNS).entries()) {
    const actions = { ...survivingActions(qemu), ...wanted }
    if (!qemu.actions && actions.panic !== defaultActions(qemu).panic) continue
    const seed = FIRST_SEED + index
    const settings = [`ioport=${iobase}`, ...(events === undefined ? [] : [`events=${events}`])]
    const device = iobase === null ? [] : ['-device', `pvpanic,${settings.join(',')}`]
    const args = [...device, ...actionArguments(actions, qemu)]
    const steps = await recordSteps(reference, args, randomSteps({ iobase, seed, count, commands: COMMANDS }))
    write(name, { arguments: args, seed }, steps)
  }
  const args = ['-device', 'pvpanic', ...actionArguments(survivingActions(qemu), qemu)]
  write('bytes', { arguments: args }, await recordSteps(reference, args, everyByte()))
}

/** Writes each byte, and gets the machine to run again whatever came of it. */
function everyByte(): string[] {
  return Array.from({ length: 0x100 }, (_, byte) => [`outb 0x505 ${byte}`, 'inb 0x505', 'system_reset', 'cont']).flat()
}

/** Gives `inputs` one after the other to a QEMU started with `args`, up to its end. */
export async function recordSteps(
  { program }: Reference,
  args: readonly string[],
  inputs: readonly string[],
): Promise<Step[]> {
  const qemu = await QemuProcess.start(args, program)
  try {
    const steps: Step[] = []
    let runState = await qemu.runState()
    for (const input of inputs) {
      const step = await observeStep(qemu, input, runState)
      runState = step.runState ?? runState
      steps.push(step)
      if (step.exitCode !== undefined) break
    }
    return steps
  } finally {
    await qemu.dispose()
  }
}
