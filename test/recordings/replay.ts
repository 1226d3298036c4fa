// Gives a recording's inputs to our machine, and tells what they caused in the recording's own words.

import { Machine } from '../../src/machine/machine.js'
import { MachineError } from '../../src/machine/machine-error.js'
import type { MachineActions, MachineOptions } from '../../src/machine/machine-options.js'
import type { QemuEvent, QmpReply } from '../qemu/qemu-process.js'
import { accessPort } from './port-access.js'
import type { Actions, Step } from './recording.js'

/** The version that every recording is of. */
const QEMU = '7.2.22'

const PANIC_ACTIONS = {
  pause: { onPanic: 'preserve', panicExitCode: 0 },
  shutdown: { onPanic: 'destroy', panicExitCode: 0 },
  'exit-failure': { onPanic: 'destroy', panicExitCode: 1 },
  none: { onPanic: 'log', panicExitCode: 0 },
} as const satisfies Record<Actions['panic'], Partial<MachineActions>>

/** QEMU's `-action` in the machine's words; what is absent stays absent. */
export function machineActions({ panic, shutdown, reboot }: Partial<Actions>): Partial<MachineActions> {
  return {
    ...(panic && PANIC_ACTIONS[panic]),
    ...(shutdown && { shutdownAction: shutdown }),
    ...(reboot && { rebootAction: reboot }),
  }
}

/** Our machine, answering as the recorded program did. */
export class Replay {
  readonly #machine: Machine
  #events: QemuEvent[] = []

  constructor(actions: Actions, options: Omit<MachineOptions, keyof MachineActions | 'qemu'> = {}) {
    this.#machine = new Machine({ qemu: QEMU, ...machineActions(actions), ...options })
    this.#machine.on('*', ({ event, data }) => {
      this.#events.push(data === undefined ? { event } : { event, data: { ...data } })
    })
  }

  /** Runs `input`; `runState` is left out when it is still `before`. */
  step(input: string, before: string | undefined): Step {
    this.#events = []
    const reply = this.#run(input)
    const { runState, exitCode } = this.#machine
    return {
      input,
      ...(reply !== undefined && { reply }),
      ...(this.#events.length > 0 && { events: this.#events }),
      ...(exitCode === undefined && runState !== before && { runState }),
      ...(exitCode !== undefined && { exitCode }),
    }
  }

  #run(input: string): string | QmpReply | undefined {
    if (/^(?:in|out)/.test(input)) return accessPort(this.#machine.bus, input)
    if (/^SIG[A-Z]+$/.test(input)) {
      this.#machine.quit('host-signal')
      return undefined
    }
    try {
      this.#command(input)
      return { return: {} }
    } catch (error) {
      if (error instanceof MachineError) return { error: { class: error.class, desc: error.desc } }
      throw error
    }
  }

  #command(input: string): void {
    const [name = '', ...words] = input.split(' ')
    const machine = this.#machine
    const commands: Readonly<Record<string, () => void>> = {
      cont: () => machine.cont(),
      stop: () => machine.stop(),
      system_reset: () => machine.reset(),
      system_powerdown: () => machine.powerdown(),
      quit: () => machine.quit(),
      'set-action': () => machine.setActions(machineActions(JSON.parse(words.join(' ')) as Partial<Actions>)),
    }
    const command = commands[name]
    if (command === undefined) throw new Error(`"${input}" is no input that a machine has`)
    command()
  }
}
