// A machine that takes inputs and tells what they caused: another process behind two sockets, or ours in this one.

import { type MachineProgram, type QemuEvent, QemuProcess, type QmpReply } from '../qemu/qemu-process.js'
import { isQtestInput, observeInput } from '../recordings/observe.js'
import { Replay } from '../recordings/replay.js'
import { type Setup, writesNear } from './lives.js'

/** What a group of inputs caused. */
export interface Outcome {
  /** One for each input that was answered. */
  readonly replies: readonly (string | QmpReply)[]
  /** Of the whole group, in order. */
  readonly events: readonly QemuEvent[]
  /** Absent when the machine has ended. */
  readonly runState?: string
  /** Present when the machine has ended. */
  readonly exitCode?: number
}

/** A machine that was started. */
export interface LiveMachine {
  /** Gives it one input, or several port accesses without waiting between them. */
  run(group: readonly string[]): Promise<Outcome>
  dispose(): Promise<void>
}

/** Something that machines can be started of. */
export interface Target {
  readonly name: string
  start(setup: Setup): Promise<LiveMachine>
}

/** Machines that are processes of a program with QEMU's options. */
export function processTarget(name: string, program: MachineProgram): Target {
  return {
    name,
    async start(setup) {
      const machine = await QemuProcess.start(setup.arguments, program)
      return {
        run: (group) => runOnProcess(machine, group),
        dispose: () => machine.dispose(),
      }
    },
  }
}

async function runOnProcess(machine: QemuProcess, group: readonly string[]): Promise<Outcome> {
  const [input, ...more] = group
  if (input === undefined) throw new RangeError('a group has one input at least')
  if (more.length > 0) {
    const { reply, ...rest } = await machine.observeQtestLines(group)
    return outcome(reply ?? [], rest)
  }
  const { reply, ...rest } = await observeInput(machine, input)
  return outcome(reply === undefined ? [] : [reply], rest)
}

function outcome(
  replies: Outcome['replies'],
  rest: { events: readonly QemuEvent[]; runState: string | undefined; exitCode: number | undefined },
): Outcome {
  const { events, runState, exitCode } = rest
  return { replies, events, ...(runState !== undefined && { runState }), ...(exitCode !== undefined && { exitCode }) }
}

/**
 * Our machine without any protocol around it. It has no monitor: only the commands that steer it, and query-status.
 * @param program the first line of the `--version` of the QEMU that it behaves like.
 */
export function inProcessTarget(program: string): Target {
  return {
    name: 'Machine, in this process',
    async start(setup) {
      const machine = new ReplayedMachine(program, setup)
      return { run: async (group) => machine.run(group), dispose: async () => {} }
    },
  }
}

class ReplayedMachine {
  readonly #replay: Replay
  #runState: string

  constructor(program: string, setup: Setup) {
    this.#replay = new Replay({ program, arguments: setup.arguments })
    this.#runState = setup.startPaused ? 'prelaunch' : 'running'
  }

  run(group: readonly string[]): Outcome {
    const replies: (string | QmpReply)[] = []
    const events: QemuEvent[] = []
    for (const input of group) {
      const step = this.#replay.step(input, this.#runState)
      this.#runState = step.runState ?? this.#runState
      if (step.reply !== undefined) replies.push(step.reply)
      events.push(...(step.events ?? []))
      if (step.exitCode !== undefined) return { replies, events, exitCode: step.exitCode }
    }
    return { replies, events, runState: this.#runState }
  }
}

/**
 * Splits a stream into groups that are sent without waiting: port accesses, of which only the last may write at or near
 * the device. Reads, and writes far from it, cause no events; so a look at run state and events after each group tells
 * what a look after each input would tell.
 */
export function groupInputs(inputs: readonly string[], iobase: number | null): string[][] {
  const groups: string[][] = []
  let open: string[] | undefined
  for (const input of inputs) {
    const isAccess = isQtestInput(input)
    if (isAccess && open !== undefined && open.length < LARGEST_GROUP) open.push(input)
    else {
      open = [input]
      groups.push(open)
    }
    if (!isAccess || writesNear(iobase, input)) open = undefined
  }
  return groups
}

const LARGEST_GROUP = 64
