// Gives a recording's inputs to our machine, and tells what they caused in the recording's own words.

import type { DmaMemory } from '../../src/devices/i8257.js'
import { Machine } from '../../src/machine/machine.js'
import { MachineError } from '../../src/machine/machine-error.js'
import type { MachineActions, MachineOptions } from '../../src/machine/machine-options.js'
import { QmpMonitor } from '../../src/monitor/qmp/monitor.js'
import { QmpSession } from '../../src/monitor/qmp/session.js'
import { QtestSession } from '../../src/monitor/qtest/session.js'
import { connectPvpanicPci } from '../../src/pci/connect.js'
import { PciMemory } from '../../src/pci/pci-memory.js'
import { parseSystemOptions } from '../../src/qemu-options/command-line.js'
import type { QemuEvent, QmpReply } from '../qemu/qemu-process.js'
import { versionIn } from '../qemu/reference.js'
import type { Actions } from './actions.js'
import { isQtestInput } from './observe.js'
import { accessPort } from './port-access.js'
import type { Header, Step } from './recording.js'

const PANIC_ACTIONS = {
  pause: { onPanic: 'preserve', panicExitCode: 0 },
  shutdown: { onPanic: 'destroy', panicExitCode: 0 },
  'exit-failure': { onPanic: 'destroy', panicExitCode: 1 },
  none: { onPanic: 'log', panicExitCode: 0 },
} as const satisfies Record<Actions['panic'], Partial<MachineActions>>

/** QEMU's `-action` in the machine's words; what is absent stays absent. */
function machineActions({ panic, shutdown, reboot }: Partial<Actions>): Partial<MachineActions> {
  return {
    ...(panic && PANIC_ACTIONS[panic]),
    ...(shutdown && { shutdownAction: shutdown }),
    ...(reboot && { rebootAction: reboot }),
  }
}

/** What a recorded program was: which version, which machine type, started how. */
export type Start = Pick<Header, 'program' | 'machineType' | 'arguments'>

/** Our machine, answering as the recorded program did. */
export class Replay {
  readonly machine: Machine
  #events: QemuEvent[] = []
  #client: QmpClient | undefined
  readonly #memory: DmaMemory | undefined

  /** @param more what the command line cannot say. */
  constructor({ program, machineType, arguments: args }: Start, more: MachineOptions = {}) {
    const type = machineType === undefined ? [] : ['-machine', machineType]
    const { machine, pvpanicPci } = parseSystemOptions(['-as-qemu', versionIn(program), ...type, ...args], () => {})
    this.machine = new Machine({ ...machine, ...more })
    if (pvpanicPci.length > 0) this.#memory = new PciMemory(connectPvpanicPci(this.machine, pvpanicPci), undefined)
    this.machine.on('*', ({ event, data }) => {
      this.#events.push(data === undefined ? { event } : { event, data: { ...data } })
    })
  }

  /** Runs all inputs up to the machine's end. */
  steps(inputs: readonly string[]): Step[] {
    const steps: Step[] = []
    let { runState } = this.machine as { runState: string }
    for (const input of inputs) {
      const step = this.step(input, runState)
      runState = step.runState ?? runState
      steps.push(step)
      if (step.exitCode !== undefined) break
    }
    return steps
  }

  /** Runs `input`; `runState` is left out when it is still `before`. */
  step(input: string, before: string | undefined): Step {
    this.#events = []
    const reply = this.#run(input)
    const { runState, exitCode } = this.machine
    // Before QEMU 9.1 isa-debug-exit ends the program before it answers.
    const isAbrupt = exitCode !== undefined && this.#events.length === 0
    return {
      input,
      ...(reply !== undefined && !isAbrupt && { reply }),
      ...(this.#events.length > 0 && { events: this.#events }),
      ...(exitCode === undefined && runState !== before && { runState }),
      ...(exitCode !== undefined && { exitCode }),
    }
  }

  #run(input: string): string | QmpReply | undefined {
    if (/^(?:in|out)/.test(input)) return accessPort(this.machine.bus, input)
    if (isQtestInput(input)) return this.#askQtest(input)
    if (/^SIG[A-Z]+$/.test(input)) {
      this.machine.quit('host-signal')
      return undefined
    }
    const [name = '', ...words] = input.split(' ')
    const args = words.length === 0 ? undefined : (JSON.parse(words.join(' ')) as object)
    const command = this.#commands[name]
    if (command === undefined) return this.#askMonitor(name, args)
    try {
      return { return: command(args) ?? {} }
    } catch (error) {
      if (error instanceof MachineError) return { error: { class: error.class, desc: error.desc } }
      throw error
    }
  }

  /** What steers the machine needs no monitor. */
  readonly #commands: Readonly<Record<string, (args: object | undefined) => unknown>> = {
    cont: () => this.machine.cont(),
    stop: () => this.machine.stop(),
    system_reset: () => this.machine.reset(),
    system_powerdown: () => this.machine.powerdown(),
    quit: () => this.machine.quit(),
    'query-status': () => statusOf(this.machine),
    'set-action': (args = {}) => this.machine.setActions(machineActions(args)),
  }

  /** Memory is reached through a qtest session. */
  #askQtest(line: string): string {
    let reply = ''
    const session = new QtestSession(this.machine, {
      ...(this.#memory && { memory: this.#memory }),
      send: (bytes) => {
        reply += Buffer.from(bytes).toString()
      },
    })
    session.receive(Buffer.from(`${line}\n`))
    return reply.trimEnd()
  }

  #askMonitor(execute: string, args: object | undefined): QmpReply {
    this.#client ??= new QmpClient(this.machine)
    return this.#client.ask(execute, args)
  }
}

/** A QMP client that has negotiated and sees no events. */
class QmpClient {
  readonly #session: QmpSession
  #output = ''

  constructor(machine: Machine) {
    this.#session = new QmpSession(new QmpMonitor(machine, { package: '' }), {
      events: false,
      send: (bytes) => {
        this.#output += Buffer.from(bytes).toString()
      },
    })
    this.#session.start()
    this.ask('qmp_capabilities', undefined)
  }

  ask(execute: string, args: object | undefined): QmpReply {
    this.#output = ''
    this.#session.receive(Buffer.from(JSON.stringify({ execute, arguments: args })))
    return JSON.parse(this.#output) as QmpReply
  }
}

function statusOf({ runState, qemu }: Machine): unknown {
  const running = runState === 'running'
  return qemu.statusHasSinglestep ? { status: runState, singlestep: false, running } : { status: runState, running }
}
