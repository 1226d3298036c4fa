// A domain: a Machine in the hands of a manager that acts on its panics as libvirt 9.0 does.

import { coreFileName } from '../common/core-file-name.js'
import { messageOf } from '../common/message-of.js'
import type { MachineEvent, ShutdownData } from '../machine/events.js'
import type { Machine } from '../machine/machine.js'
import { MachineError } from '../machine/machine-error.js'
import type { PanicMode } from '../machine/transitions.js'
import { launchMachine } from '../qemu-options/launch-machine.js'
import { checkDriverActions, checkDumpActions, type Refuse } from './check-definition.js'
import type { CrashAction, DomainDefinition, LifecycleAction } from './domain-definition.js'
import { CRASH_ACTIONS, checkIsDefinition, LIBVIRT_ACTIONS } from './domain-definition.js'
import type { DomainOptions } from './domain-options.js'
import {
  DomainError,
  type DomainEvent,
  type DomainReasons,
  type DomainState,
  type DomainStateName,
  type LifecycleEvent,
  type MonitorEvent,
} from './domain-state.js'
import { qemuArguments } from './qemu-arguments.js'

interface Actions {
  crash: CrashAction
  reboot: LifecycleAction
  poweroff: LifecycleAction
}
type Listener<Event> = (event: Event) => void

/**
 * A domain as libvirt runs it with QEMU: the process is started with `-no-shutdown`, so that nothing but the manager
 * ends it, and on GUEST_PANICKED the manager does what `on_crash` says at that moment.
 *
 * Everything happens before the guest's write returns; libvirt's worker thread takes milliseconds. What it takes longer
 * for it can report in another order: compare events as a set.
 *
 * States, reasons and events are held against a recording of libvirtd 9.0.0 with QEMU 7.2. `ignore` is the message's
 * proposal: the panic is reported and the guest goes on.
 */
export class Domain {
  readonly definition: DomainDefinition
  readonly #options: DomainOptions
  readonly #actions: Actions
  readonly #listeners = new Set<Listener<DomainEvent>>()
  readonly #monitorListeners = new Set<Listener<MonitorEvent>>()
  #machine: Machine | undefined
  #state: DomainState = { state: 'shut off', reason: 'unknown' }
  #exists = true
  #id = 0
  #resumeReason: DomainReasons['running'] = 'booted'
  #stopReason: DomainReasons['shut off'] = 'shutdown'
  /** A reset and a `cont` have been given, and none of their events has come yet. */
  #restarting = false
  /** A panic that will be acted upon when the machine's STOP comes. */
  #panicWaits = false
  #killed = false
  /** What the command line made of a panic. */
  #launchedMode: PanicMode = 'destroy'

  /**
   * @throws {DomainError} if libvirt's QEMU driver refuses one of the definition's actions.
   * @throws {TypeError} if `definition` is something else, such as XML.
   */
  constructor(definition: DomainDefinition, options: DomainOptions = {}) {
    checkIsDefinition(definition)
    this.definition = definition
    this.#options = options
    this.#actions = { crash: definition.onCrash, reboot: definition.onReboot, poweroff: definition.onPoweroff }
    checkActions(definition, this.#actions)
  }

  /** The machine, from `start()` until the domain has stopped. */
  get machine(): Machine | undefined {
    return this.#machine
  }

  get state(): DomainState {
    return this.#state
  }

  /** False once a transient domain has stopped. */
  get exists(): boolean {
    return this.#exists
  }

  /** Calls `listener` at each of the domain's events. Returns what ends that. */
  on(listener: Listener<DomainEvent>): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Calls `listener` at each event on the monitor, from one start to the next. Returns what ends that. */
  onMonitor(listener: Listener<MonitorEvent>): () => void {
    this.#monitorListeners.add(listener)
    return () => this.#monitorListeners.delete(listener)
  }

  /**
   * Starts the machine, and the guest unless `paused`.
   * @throws {DomainError} if it is active already, or the machine cannot be started: with QEMU's reason.
   */
  start({ paused = false } = {}): Machine {
    if (!this.#exists) throw new DomainError(`Domain not found: no domain with matching name '${this.definition.name}'`)
    if (this.#machine !== undefined) throw new DomainError('Domain is already active')
    const machine = this.#launch()
    machine.on('*', (event) => this.#monitorEvent(machine, event))
    this.#machine = machine
    this.#launchedMode = machine.actions.onPanic
    this.#id++
    this.#stopReason = 'shutdown'
    this.#restarting = false
    this.#panicWaits = false
    this.#killed = false
    this.#applyActions()
    this.#enter('paused', paused ? 'user' : 'starting up')
    if (!paused) this.#continue('booted')
    this.#report('Started Booted')
    return machine
  }

  /** @throws {DomainError} if the guest runs already, or only a reset can help it. */
  resume(): void {
    const machine = this.#running()
    if (this.#state.state === 'running') throw new DomainError(invalid('domain is already running'))
    this.#resumeReason = 'unpaused'
    try {
      machine.cont()
    } catch (error) {
      throw monitorError('cont', error)
    }
  }

  /** Pauses a guest that runs. */
  suspend(): void {
    this.#running().stop()
  }

  /** Resets the machine. A guest that has crashed waits for `resume` then. */
  reset(): void {
    this.#running().reset()
    if (this.#state.state === 'crashed') this.#enter('paused', 'crashed')
  }

  /** Presses the power button, and means a restart by it: a guest that has crashed does not notice. */
  reboot(): void {
    this.#running().powerdown()
  }

  /** @throws {DomainError} if the guest does not run. */
  shutdown(): void {
    const machine = this.#running()
    if (this.#state.state !== 'running') throw new DomainError(invalid('domain is not running'))
    machine.powerdown()
  }

  /** Ends the machine. */
  destroy(): void {
    const machine = this.#running()
    this.#stopReason = 'destroyed'
    this.#kill(machine)
  }

  /**
   * Changes what follows a crash, reboot or power-off from the next one on.
   * @throws {DomainError} if there is no such action, or none for this event.
   */
  setLifecycleAction(event: keyof Actions, action: string): void {
    const allowed = event === 'crash' && this.#options.dialect !== 'libvirt' ? CRASH_ACTIONS : LIBVIRT_ACTIONS
    const known = allowed.find((candidate) => candidate === action)
    if (known === undefined) throw new DomainError(`Invalid lifecycle action '${action}'.`)
    checkActions(this.definition, { ...this.#actions, [event]: known })
    if (event === 'crash') this.#actions.crash = known
    else if (known !== 'ignore') this.#actions[event] = known
    this.#applyActions()
  }

  #launch(): Machine {
    const { definition } = this
    const { machineType = definition.machineType, transient: _, dump: __, ...options } = this.#options
    try {
      return launchMachine(options.arguments ?? qemuArguments(definition), {
        ...options,
        ...(machineType === '' ? {} : { machineType }),
      })
    } catch (error) {
      if (!(error instanceof MachineError)) throw error
      const program = definition.emulator === '' ? 'qemu-system-x86_64' : (definition.emulator.split('/').at(-1) ?? '')
      throw new DomainError(`internal error: process exited while connecting to monitor: ${program}: ${error.desc}`)
    }
  }

  /**
   * libvirt tells QEMU of `on_reboot` by set-action, where QEMU has that, and of nothing else. `ignore` is told so too:
   * then QEMU does not even stop.
   */
  #applyActions(): void {
    const machine = this.#machine
    if (machine === undefined || !machine.qemu.actions) return
    machine.setActions({
      onPanic: this.#actions.crash === 'ignore' ? 'log' : this.#launchedMode,
      rebootAction: this.#actions.reboot === 'destroy' ? 'shutdown' : 'reset',
    })
  }

  #running(): Machine {
    if (this.#machine === undefined) throw new DomainError(invalid('domain is not running'))
    return this.#machine
  }

  #monitorEvent(machine: Machine, event: MachineEvent): void {
    if (machine !== this.#machine) {
      // The monitor was closed before the process was told to end.
      if (event.event !== 'SHUTDOWN') this.#tellMonitor(event)
      return
    }
    this.#tellMonitor(event)
    switch (event.event) {
      case 'GUEST_PANICKED': {
        const wasRunning = this.#state.state === 'running'
        const ignored = this.#actions.crash === 'ignore'
        if (!ignored) this.#enter('crashed', 'panicked')
        this.#report('Crashed Panicked')
        if (event.data.action === 'run' && ignored) return
        this.#panicWaits = wasRunning && event.data.action !== 'run'
        if (!this.#panicWaits) this.#act(machine, this.#actions.crash)
        return
      }
      case 'GUEST_CRASHLOADED':
        this.#report('Crashed Crashloaded')
        return
      case 'STOP':
        this.#stopped(machine)
        return
      case 'RESUME':
        this.#restarting = false
        this.#enter('running', this.#resumeReason)
        this.#report('Resumed Unpaused')
        return
      case 'RESET':
        this.#restarting = false
        this.#tell({ name: 'reboot' })
        return
      case 'SHUTDOWN':
        this.#shutDown(machine, event.data)
    }
  }

  #stopped(machine: Machine): void {
    if (this.#panicWaits) {
      this.#panicWaits = false
      this.#act(machine, this.#actions.crash)
    } else if (this.#state.state === 'running') {
      this.#enter('paused', 'user')
      this.#report('Suspended Paused')
    }
  }

  #act(machine: Machine, action: CrashAction): void {
    switch (action) {
      case 'destroy':
        this.#end('crashed')
        machine.quit('host-signal')
        return
      case 'restart':
      case 'rename-restart':
        this.#restart(machine)
        return
      case 'coredump-destroy':
        if (this.#dump()) this.#act(machine, 'destroy')
        return
      case 'coredump-restart':
        if (this.#dump()) this.#act(machine, 'restart')
        return
      case 'preserve':
        return
      case 'ignore':
        this.#letGoOn(machine)
    }
  }

  #letGoOn(machine: Machine): void {
    this.#resumeReason = 'unpaused'
    try {
      machine.cont()
    } catch (error) {
      if (!(error instanceof MachineError)) throw error
      const { fallback = 'destroy' } = this.#options
      this.#warn(`on_crash=ignore needs a newer QEMU (${error.desc}); fallback: ${fallback}`)
      this.#enter('crashed', 'panicked')
      this.#act(machine, fallback)
    }
  }

  /** libvirt's restart: the same process, reset and resumed. */
  #restart(machine: Machine): void {
    this.#restarting = true
    this.#resumeReason = 'crashed'
    machine.reset()
    try {
      if (machine.exitCode === undefined) machine.cont()
    } catch {
      // A reset that `on_reboot` turned into a shutdown has left nothing that could go on.
      this.#tell({ name: 'control-error' })
      this.#kill(machine)
    }
  }

  #dump(): boolean {
    const { dump, clock = Date.now } = this.#options
    try {
      if (dump === undefined) throw new DomainError('there is nothing to dump with')
      dump(coreFileName({ id: this.#id, name: this.definition.name, date: new Date(clock()) }))
    } catch (error) {
      this.#warn(`operation failed: Dump failed: ${messageOf(error)}`)
      return false
    }
    this.#tellMonitor({ event: 'DUMP_COMPLETED' })
    return true
  }

  #shutDown(machine: Machine, { guest, reason }: Partial<ShutdownData> = {}): void {
    if (this.#killed && reason !== undefined && reason !== 'host-signal') return
    if (machine.exitCode !== undefined) {
      this.#report(guest ? 'Shutdown Finished after guest request' : 'Shutdown Finished after host request')
      this.#end(this.#state.state === 'crashed' && this.#stopReason === 'shutdown' ? 'crashed' : this.#stopReason)
    } else if (this.#restarting || (guest && this.#actions.poweroff === 'restart')) {
      this.#restart(machine)
    } else {
      this.#enter('in shutdown', 'unknown')
      this.#kill(machine)
    }
  }

  /** Ends the process; its SHUTDOWN, the last event, ends the domain. */
  #kill(machine: Machine): void {
    this.#killed = true
    machine.quit('host-signal')
  }

  #continue(reason: DomainReasons['running']): void {
    this.#resumeReason = reason
    this.#machine?.cont()
  }

  #end(reason: DomainReasons['shut off']): void {
    this.#machine = undefined
    this.#enter('shut off', reason)
    const details = {
      shutdown: 'Stopped Shutdown',
      destroyed: 'Stopped Destroyed',
      crashed: 'Stopped Crashed',
    } as const
    if (reason !== 'unknown') this.#report(details[reason])
    if (this.#options.transient === true) this.#exists = false
  }

  #enter<Name extends DomainStateName>(state: Name, reason: DomainReasons[Name]): void {
    this.#state = { state, reason } as DomainState
  }

  #report(detail: LifecycleEvent): void {
    this.#tell({ name: 'lifecycle', detail })
  }

  #tell(event: DomainEvent): void {
    for (const listener of this.#listeners) this.#call(listener, event)
  }

  #tellMonitor(event: MonitorEvent): void {
    for (const listener of this.#monitorListeners) this.#call(listener, event)
  }

  /** A listener's fault must not keep the manager from what it has to do. */
  #call<Event>(listener: Listener<Event>, event: Event): void {
    try {
      listener(event)
    } catch (error) {
      this.#warn(`a listener of domain ${this.definition.name} failed: ${String(error)}`)
    }
  }

  #warn(text: string): void {
    const { onWarning = console.warn } = this.#options
    onWarning(text)
  }
}

function checkActions(definition: DomainDefinition, { crash, reboot, poweroff }: Actions): void {
  const changed = { ...definition, onCrash: crash, onReboot: reboot, onPoweroff: poweroff }
  const refuse: Refuse = (_, reason) => {
    throw new DomainError(reason)
  }
  checkDriverActions(changed, refuse)
  checkDumpActions(changed, refuse)
}

const invalid = (reason: string): string => `Requested operation is not valid: ${reason}`

function monitorError(command: string, error: unknown): unknown {
  if (!(error instanceof MachineError)) return error
  return new DomainError(`internal error: unable to execute QEMU command '${command}': ${error.desc}`)
}
