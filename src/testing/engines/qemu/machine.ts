// The machine around a guest in QEMU: follows QEMU's events, passes commands on, and carries out panic mode reset.

import { PVPANIC_CRASH_LOADED, PVPANIC_PANICKED, PVPANIC_SHUTDOWN } from '../../../devices/pvpanic.js'
import { type EventListener, EventQueue } from '../../../machine/event-queue.js'
import type { EventName, MachineEvents } from '../../../machine/events.js'
import type { GuestMachine } from '../../../machine/guest-machine.js'
import { MachineError } from '../../../machine/machine-error.js'
import type { MachineActions } from '../../../machine/machine-options.js'
import { PanicLog } from '../../../machine/panic-log.js'
import type { PanicMode } from '../../../machine/transitions.js'
import { QmpError } from '../../../monitor/qmp/error.js'
import { type QmpClient, type QmpClientEvent, QmpConnectionError } from '../../../monitor/server/qmp-client.js'
import { actionWords } from '../../../qemu-options/actions.js'

/** The events that this library's machine knows too; QEMU has many more. */
const KNOWN: Readonly<Record<EventName, true>> = {
  GUEST_PANICKED: true,
  GUEST_CRASHLOADED: true,
  GUEST_PVSHUTDOWN: true,
  STOP: true,
  RESUME: true,
  RESET: true,
  SHUTDOWN: true,
  POWERDOWN: true,
}
/** What each report is in the panic log. QMP does not tell the byte that was written; this is the bit that counts. */
const REPORTS = {
  GUEST_PANICKED: { event: 'panicked', value: PVPANIC_PANICKED },
  GUEST_CRASHLOADED: { event: 'crash-loaded', value: PVPANIC_CRASH_LOADED },
  GUEST_PVSHUTDOWN: { event: 'shutdown', value: PVPANIC_SHUTDOWN },
} as const

const LONG_MS = 60_000

export interface QemuMachineOptions {
  readonly startPaused?: boolean
  readonly onPanic: PanicMode
  readonly resetLimit: number
  readonly logSize: number
  readonly onListenerError?: (error: unknown, event: EventName) => void
}

/** As QEMU's vCPU panics: what follows a report comes a little later, so see `settled`. */
export class QemuMachine implements GuestMachine {
  readonly panics: PanicLog
  readonly #options: QemuMachineOptions
  readonly #events: EventQueue
  #qmp: Pick<QmpClient, 'execute'> | undefined
  #terminate = () => {}
  #runState: string
  #beginning = false
  #exitCode: number | undefined
  /** What the machine stops into, when something that stops it was announced. */
  #stopsInto: string | undefined
  #ending = false
  #resetting = false
  #panicResets = 0
  #eventTime = 0
  #onInternalError: () => void = () => {}
  /** The delivery of events that is due, if one is. */
  #delivery: Promise<void> | undefined

  constructor(options: QemuMachineOptions) {
    this.#options = options
    this.#runState = options.startPaused === true ? 'prelaunch' : 'running'
    this.panics = new PanicLog(options.logSize)
    this.#events = new EventQueue(() => this.#eventTime, options.onListenerError)
  }

  get runState(): string {
    return this.#runState
  }

  get exitCode(): number | undefined {
    return this.#exitCode
  }

  /** False between a panic and the stop, the end or the fresh start that it leads to, and until listeners know of it. */
  get settled(): boolean {
    return !this.#ending && !this.#resetting && this.#stopsInto === undefined && this.#delivery === undefined
  }

  on<Name extends EventName | '*'>(event: Name, listener: EventListener<Name>): () => void {
    return this.#events.on(event, listener)
  }

  onEnd(listener: (exitCode: number) => void): () => void {
    return this.#events.onEnd(listener)
  }

  cont(): Promise<void> {
    this.#panicResets = 0
    return this.#command('cont')
  }

  stop(): Promise<void> {
    return this.#command('stop')
  }

  reset(): Promise<void> {
    this.#panicResets = 0
    return this.#command('system_reset')
  }

  powerdown(): Promise<void> {
    return this.#command('system_powerdown')
  }

  setActions(actions: Partial<MachineActions>): Promise<void> {
    return this.#command('set-action', actionWords(actions))
  }

  /** Resolves when QEMU has ended. */
  async quit(reason: 'host-qmp-quit' | 'host-signal' = 'host-qmp-quit'): Promise<void> {
    if (this.#exitCode !== undefined) throw this.#hasEnded('quit')
    const ended = new Promise((resolve) => this.onEnd(resolve))
    // A guest alone keeps no process alive; whoever waits for its end does.
    const waiting = setInterval(() => {}, LONG_MS)
    try {
      if (reason === 'host-signal') this.#terminate()
      else await this.#command('quit')
      await ended
    } finally {
      clearInterval(waiting)
    }
  }

  /** @throws {QmpError | QmpConnectionError} */
  async execute(command: string, args?: Readonly<Record<string, unknown>>): Promise<unknown> {
    const returned = await this.#qmp?.execute(command, args)
    await this.#delivery
    return returned
  }

  /** @internal QEMU is there. @param terminate sends it SIGTERM. */
  connected(qmp: Pick<QmpClient, 'execute'>, terminate = () => {}): void {
    this.#qmp = qmp
    this.#terminate = terminate
  }

  /** @internal Calls `listener` when QEMU gives the guest up: KVM cannot go on with it, say. */
  onInternalError(listener: () => void): void {
    this.#onInternalError = listener
  }

  /** @internal Lets the guest run for the first time, without an event: a new machine is running. */
  begin(): void {
    this.#beginning = true
    // A QEMU that cannot answer any more has ended, which is told otherwise.
    this.#qmp?.execute('cont').catch(() => {})
  }

  /** @internal Takes an event of QEMU's. */
  take({ event: name, data, timestamp }: QmpClientEvent): void {
    if (!isKnown(name)) return
    if (name === 'RESUME' && this.#beginning) {
      this.#beginning = false
      return
    }
    this.#eventTime = timestamp.seconds * 1000 + timestamp.microseconds / 1000
    if (name in REPORTS) {
      const { event, value } = REPORTS[name as keyof typeof REPORTS]
      this.panics.add(event, value, this.#eventTime)
    }
    this.#follow(name, data)
    this.#events.add(name, data as MachineEvents[typeof name])
    this.#delivery ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#deliver()
        resolve()
      })
    })
  }

  /**
   * Events and text come by different ways. What the guest printed before an event can be read when the event can, so it
   * has been told after one turn of the event loop, and the event comes after it.
   */
  #deliver(): void {
    this.#delivery = undefined
    this.#events.deliver()
  }

  /** @internal QEMU has ended. */
  end(exitCode: number): void {
    this.#deliver()
    this.#exitCode = exitCode
    this.#runState = 'shutdown'
    this.#ending = false
    this.#resetting = false
    this.#stopsInto = undefined
    this.#events.addEnd(exitCode)
    this.#events.deliver()
  }

  /** What an event says of the run state. */
  #follow(event: EventName, data: QmpClientEvent['data']): void {
    switch (event) {
      case 'GUEST_PANICKED':
        if (data?.action === 'poweroff') this.#ending = true
        else if (data?.action === 'pause' && this.#runState === 'running') this.#willStop('guest-panicked')
        break
      case 'SHUTDOWN':
        // Ends QEMU, or stops it with shutdown=pause; the exit or the next event tells which.
        if (this.#runState === 'running') this.#willStop('shutdown')
        break
      case 'STOP':
        this.#stopped()
        break
      case 'RESUME':
        this.#runState = 'running'
        this.#resetting = false
        break
      case 'RESET':
        if (this.#runState !== 'running') this.#runState = 'prelaunch'
    }
  }

  #willStop(into: string): void {
    this.#stopsInto = into
    if (into !== 'guest-panicked' || this.#options.onPanic !== 'reset') return
    this.#resetting = this.#panicResets < this.#options.resetLimit
  }

  #stopped(): void {
    const into = this.#stopsInto
    this.#stopsInto = undefined
    this.#ending = false
    this.#runState = into ?? 'paused'
    if (into === undefined) this.#ask()
    if (this.#resetting) this.#startAnew()
  }

  /** QEMU stops by itself for reasons that no event names. */
  #ask(): void {
    const asked = this.#qmp?.execute('query-status').then((answer) => {
      const { status } = answer as { status?: unknown }
      if (this.#runState === 'paused' && typeof status === 'string' && status !== 'running') this.#runState = status
      if (status === 'internal-error') this.#onInternalError()
    })
    asked?.catch(() => {})
  }

  /** What libvirt does under on_crash restart: QEMU itself has no such mode. */
  #startAnew(): void {
    this.#panicResets++
    const qmp = this.#qmp
    const anew = qmp?.execute('system_reset').then(() => qmp.execute('cont'))
    anew?.catch(() => {})
  }

  async #command(command: string, args?: Readonly<Record<string, unknown>>): Promise<void> {
    if (this.#exitCode !== undefined) throw this.#hasEnded(command)
    try {
      await this.#qmp?.execute(command, args)
      await this.#delivery
    } catch (error) {
      if (error instanceof QmpError) throw new MachineError(error.message)
      if (!(error instanceof QmpConnectionError)) throw error
      if (command !== 'quit') throw this.#hasEnded(command)
    }
  }

  #hasEnded(command: string): MachineError {
    const code = this.#exitCode === undefined ? '' : ` with exit code ${this.#exitCode}`
    return new MachineError(`the machine has ended${code}; ${command} needs one that has not`)
  }
}

function isKnown(name: string): name is EventName {
  return Object.hasOwn(KNOWN, name)
}
