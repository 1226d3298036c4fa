// The panic state machine written out as plain conditions, for QEMU 7.2 and 10.0: no table, no tricks.

import type { MachineActions } from '../../src/machine/machine-options.js'
import type { RunState } from '../../src/machine/transitions.js'

export interface ReferenceOptions extends MachineActions {
  readonly resetLimit: number
  readonly startPaused: boolean
  /** The bits that the device knows: 3 or 7. */
  readonly knownEvents: number
}

/** Thrown where a Machine throws a MachineError. */
export class Refused extends Error {}

/** Tells `tell` of each event and of each call to the CPU, in order. */
export class ReferenceMachine {
  runState: RunState
  exitCode: number | undefined
  total = 0
  resets = 0
  unknown = 0
  #actions: MachineActions
  readonly #options: ReferenceOptions
  readonly #onEvent: (event: string) => void
  readonly #onCpu: (call: string) => void
  readonly #waiting: string[] = []
  #delivering = false
  #row = 0
  #request: 'nothing' | 'panic reset' | 'panic shutdown' | 'guest shutdown' = 'nothing'

  constructor(options: ReferenceOptions, onEvent: (event: string) => void, onCpu: (call: string) => void) {
    this.#actions = options
    this.#options = options
    this.#onEvent = onEvent
    this.#onCpu = onCpu
    this.runState = options.startPaused ? 'prelaunch' : 'running'
  }

  setActions(actions: MachineActions): void {
    this.#actions = actions
  }

  /** One access of the guest to the port, of one byte or more. */
  write(bytes: readonly number[]): void {
    let reported = false
    for (const byte of bytes) {
      const known = byte & this.#options.knownEvents
      if (known !== byte) this.unknown++
      if (known === 0) continue
      reported = true
      if (this.exitCode !== undefined) continue
      this.total++
      if (known & 1) this.#panic()
      else if (known & 2) this.#emit('GUEST_CRASHLOADED', { action: 'run' })
      else {
        this.#emit('GUEST_PVSHUTDOWN')
        this.#request = 'guest shutdown'
      }
    }
    if (reported) this.#settle()
  }

  cont(): void {
    this.#needLife()
    const refused = !this.#continue()
    if (!refused) this.#row = 0
    this.#deliver()
    if (refused) throw new Refused()
  }

  stop(): void {
    this.#needLife()
    this.#stop('paused')
    this.#deliver()
  }

  reset(): void {
    this.#needLife()
    this.#reset(false, 'host-qmp-system-reset')
    this.#row = 0
    this.#deliver()
  }

  guestReset(): void {
    this.#needLife()
    this.#reset(true, 'guest-reset')
    this.#deliver()
  }

  guestShutdown(): void {
    this.#needLife()
    this.#shutDown(true, 'guest-shutdown', 0)
    this.#deliver()
  }

  powerdown(): void {
    this.#needLife()
    this.#emit('POWERDOWN')
    this.#deliver()
  }

  quit(reason: string): void {
    this.#needLife()
    this.#emit('SHUTDOWN', { guest: false, reason })
    this.#end(0)
    this.#deliver()
  }

  #panic(): void {
    const { onPanic, panicExitCode, shutdownAction } = this.#actions
    if (onPanic === 'log') this.#emit('GUEST_PANICKED', { action: 'run' })
    else if (onPanic === 'destroy' && (panicExitCode === 1 || shutdownAction === 'poweroff')) {
      this.#emit('GUEST_PANICKED', { action: 'poweroff' })
      this.#stop('guest-panicked')
      this.#request = 'panic shutdown'
    } else {
      this.#emit('GUEST_PANICKED', { action: 'pause' })
      this.#stop('guest-panicked')
      if (onPanic === 'reset' && this.#row < this.#options.resetLimit) this.#request = 'panic reset'
    }
  }

  #settle(): void {
    const request = this.#request
    this.#request = 'nothing'
    if (request === 'panic reset') {
      this.#reset(false, 'host-qmp-system-reset')
      if (this.exitCode === undefined) this.#continue()
      this.#row++
    } else if (request === 'panic shutdown') this.#shutDown(true, 'guest-panic', this.#actions.panicExitCode)
    else if (request === 'guest shutdown') this.#shutDown(true, 'guest-shutdown', 0)
    this.#deliver()
  }

  #reset(guest: boolean, reason: string): void {
    if (this.#actions.rebootAction === 'shutdown') {
      this.#shutDown(guest, reason, 0)
      return
    }
    this.resets++
    this.#onCpu('reset')
    this.#emit('RESET', { guest, reason })
    if (this.runState !== 'running') this.runState = 'prelaunch'
  }

  #shutDown(guest: boolean, reason: string, exitCode: number): void {
    this.#emit('SHUTDOWN', { guest, reason })
    if (this.#actions.shutdownAction === 'pause') this.#stop('shutdown')
    else this.#end(exitCode)
  }

  #continue(): boolean {
    if (this.runState === 'shutdown') return false
    if (this.runState === 'running') return true
    this.runState = 'running'
    this.#emit('RESUME')
    this.#onCpu('resume')
    return true
  }

  #stop(into: RunState): void {
    if (this.runState !== 'running') return
    this.runState = into
    this.#emit('STOP')
    this.#onCpu('pause')
  }

  #end(exitCode: number): void {
    this.runState = 'shutdown'
    this.exitCode = exitCode
    this.#onCpu('powerOff')
  }

  #needLife(): void {
    if (this.exitCode !== undefined) throw new Refused()
  }

  #emit(event: string, data?: object): void {
    this.#waiting.push(data === undefined ? event : `${event} ${JSON.stringify(data)}`)
  }

  #deliver(): void {
    if (this.#delivering) return
    this.#delivering = true
    for (let event = this.#waiting.shift(); event !== undefined; event = this.#waiting.shift()) this.#onEvent(event)
    this.#delivering = false
  }
}
