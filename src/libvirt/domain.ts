// A domain: a guest in the hands of a manager that acts on its panics and on each end of its run as libvirt does.

import { type Awaitable, andThen, orElse } from '../common/awaitable.js'
import { checkKnownOptions, checkOneOf } from '../common/check.js'
import { coreFileName } from '../common/core-file-name.js'
import { messageOf } from '../common/message-of.js'
import { Machine } from '../machine/machine.js'
import { MachineError } from '../machine/machine-error.js'
import type { MachineActions, MachineOptions } from '../machine/machine-options.js'
import { launchedOptions } from '../qemu-options/launch-machine.js'
import { refusedDriverAction, refusedDump } from './check-definition.js'
import { CRASH_ACTIONS, checkIsDefinition, type DomainDefinition, LIBVIRT_ACTIONS } from './domain-definition.js'
import { bareGuest, type DomainGuest, dumpOf, executeOn } from './domain-guest.js'
import { DOMAIN_OPTIONS, type DomainOptions, FALLBACKS } from './domain-options.js'
import { DomainRun, type LifecycleActions, type RunOwner } from './domain-run.js'
import {
  DomainError,
  type DomainEvent,
  type DomainState,
  domainStateNumbers,
  lifecycleEventNumbers,
  type MonitorEvent,
} from './domain-state.js'
import { libvirtProfile } from './libvirt-version.js'
import { qemuArguments } from './qemu-arguments.js'

type Listener<Event> = (event: Event) => void

/** How a domain starts. */
export interface StartOptions {
  /** The guest waits for `resume`. False. */
  readonly paused?: boolean
  /** Boots anew although there is a managed save. False. */
  readonly forceBoot?: boolean
}

/** What becomes of a domain whose memory is dumped. */
export interface DumpOptions {
  /** The manager does not pause the guest; QEMU does. False. */
  readonly live?: boolean
  /** The domain is shut off afterwards. False. */
  readonly crash?: boolean
  /** The guest is reset afterwards. False. */
  readonly reset?: boolean
}

/** How a saved domain comes back. */
export interface RestoreOptions {
  /** Whether the guest runs then, whatever it did when it was saved. */
  readonly running?: boolean
}

/** Options of `bootGuest({ engine: 'qemu' })` for a domain. */
export interface QemuGuestOptions {
  /** No device but those of `qemuArguments`. */
  readonly iobase: null
  readonly shutdownAction: 'pause'
  readonly startPaused: true
  readonly machineType?: string
  readonly qemuArguments: readonly string[]
}

/** A saved domain, for `restore`. */
export interface SavedDomain {
  readonly name: string
  /** The guest ran. */
  readonly running: boolean
  /** What the guest's own `save` gave. */
  readonly guest: unknown
}

/** By `-no-shutdown` alone. */
const LAUNCHED: Pick<MachineActions, 'onPanic' | 'rebootAction'> = { onPanic: 'preserve', rebootAction: 'reset' }

const DUMP_PATH = '/var/lib/libvirt/qemu/dump'

/**
 * A domain as libvirt runs it with QEMU: the process is started with `-no-shutdown`, so that nothing but the manager
 * ends it, and on GUEST_PANICKED the manager does what `on_crash` says at that moment.
 *
 * Without a guest, `start` makes a bare machine, whose port bus is the guest: then everything happens before a write
 * returns. A guest of another program (`start({ guest })`) takes its time: await every command, and `settled` for what
 * follows from a panic. libvirt's threads race, so compare events as sets.
 *
 * States, reasons and events are held against recordings of libvirtd 9.0.0 with QEMU 7.2 and 11.3.0 with QEMU 10.0.
 */
export class Domain {
  readonly #persistent: DomainDefinition
  readonly #options: DomainOptions
  readonly #listeners = new Set<Listener<DomainEvent>>()
  readonly #monitorListeners = new Set<Listener<MonitorEvent>>()
  #config: LifecycleActions
  #live: LifecycleActions
  #run: DomainRun | undefined
  #state: DomainState = { state: 'shut off', reason: 'unknown' }
  #exists = true
  #id = 0
  #managedSave: SavedDomain | undefined
  /** What the machine does by its command line, and what it was told since. */
  #told: Pick<MachineActions, 'onPanic' | 'rebootAction'> = LAUNCHED
  #launched = LAUNCHED

  /**
   * @throws {DomainError} if libvirt's QEMU driver refuses one of the definition's actions.
   * @throws {OptionTypeError | OptionRangeError} if `definition` is something else, such as XML; for an action, a panic
   *   model or an option that does not exist, and for a libvirt before 9.0.
   */
  constructor(definition: DomainDefinition, options: DomainOptions = {}) {
    checkIsDefinition(definition)
    checkKnownOptions(options, DOMAIN_OPTIONS)
    if (options.fallback !== undefined) checkOneOf('fallback', options.fallback, FALLBACKS)
    libvirtProfile(options.libvirt)
    this.#persistent = definition
    this.#options = options
    this.#config = { crash: definition.onCrash, reboot: definition.onReboot, poweroff: definition.onPoweroff }
    this.#live = this.#config
    checkActions(definition, this.#config, options)
  }

  /** The live definition: with the actions that hold now. */
  get definition(): DomainDefinition {
    const { crash, reboot, poweroff } = this.#actions
    return { ...this.#persistent, onCrash: crash, onReboot: reboot, onPoweroff: poweroff }
  }

  get name(): string {
    return this.#persistent.name
  }

  /** The number of the run: undefined while it is shut off. */
  get id(): number | undefined {
    return this.#run === undefined ? undefined : this.#id
  }

  /** The machine, from `start()` until the domain has stopped, if it is one of this process. */
  get machine(): Machine | undefined {
    const machine = this.#run?.machine
    return machine instanceof Machine ? machine : undefined
  }

  get state(): DomainState {
    return this.#state
  }

  /** False once a transient domain has stopped. */
  get exists(): boolean {
    return this.#exists
  }

  /** Resolves when what the manager does about the guest's last panic or end has been done. */
  async settled(): Promise<void> {
    await this.#run?.settled()
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
   * What `bootGuest()` or `attach()` must be told for a guest that `start` can be given: the domain's panic devices and
   * machine type, and that the guest waits. For engine 'qemu' libvirt's own arguments; -cpu and what is passed through
   * are among them.
   * @throws {DomainError} in QEMU's words, if it would not start.
   */
  guestOptions(engine?: 'v86'): Omit<MachineOptions, 'cpu' | 'memory'>
  guestOptions(engine: 'qemu'): QemuGuestOptions
  guestOptions(engine: 'v86' | 'qemu'): Omit<MachineOptions, 'cpu' | 'memory'> | QemuGuestOptions
  guestOptions(engine: 'v86' | 'qemu' = 'v86'): Omit<MachineOptions, 'cpu' | 'memory'> | QemuGuestOptions {
    checkOneOf('engine', engine, ['v86', 'qemu'])
    if (engine === 'v86') {
      return this.#fromCommandLine(({ cpu: _cpu, memory: _memory, ...options }) => options)
    }
    const { machineType = this.#persistent.machineType } = this.#options
    return {
      iobase: null,
      shutdownAction: 'pause',
      startPaused: true,
      ...(machineType === '' ? {} : { machineType }),
      qemuArguments: this.#arguments(),
    }
  }

  /**
   * Starts the domain, and its guest unless `paused`: a bare machine, or the guest that is given, which waits to be let
   * run. After a managed save it goes on from there.
   * @throws {DomainError} if it is active already, or the machine cannot be started: with QEMU's reason.
   */
  start(options?: StartOptions): Machine
  start(options: StartOptions & { readonly guest: DomainGuest }): Promise<void>
  start({ guest, ...options }: StartOptions & { readonly guest?: DomainGuest } = {}): Machine | Promise<void> {
    this.#checkInactive()
    const saved = options.forceBoot === true ? undefined : this.#managedSave
    if (guest !== undefined) return Promise.resolve(this.#startGuest(guest, saved, options))
    const machine = this.#launch()
    this.#startGuest(bareGuest(machine), saved, options)
    return machine
  }

  /** @throws {DomainError} if the guest runs already, or only a reset can help it. */
  resume(): Awaitable<void> {
    const run = this.#running()
    if (this.#state.state === 'running') throw new DomainError(invalid('domain is already running'))
    return run.resume('unpaused')
  }

  /** Pauses a guest that runs. */
  suspend(): Awaitable<void> {
    return this.#running().pause('user')
  }

  /** Resets the machine. A guest that has crashed waits for `resume` then. */
  reset(): Awaitable<void> {
    return andThen(this.#running().machine.reset(), () => {
      if (this.#state.state === 'crashed') this.#enter({ state: 'paused', reason: 'crashed' })
    })
  }

  /** Presses the power button, and means a restart by it: a guest that has crashed does not notice. */
  reboot(): Awaitable<void> {
    return this.#running().machine.powerdown()
  }

  /** @throws {DomainError} if the guest does not run. */
  shutdown(): Awaitable<void> {
    const run = this.#running()
    if (this.#state.state !== 'running') throw new DomainError(invalid('domain is not running'))
    return run.machine.powerdown()
  }

  /** Ends the machine. */
  destroy(): Awaitable<void> {
    return this.#running().end('destroyed')
  }

  /** QEMU dies behind the manager's back. */
  kill(): Awaitable<void> {
    return this.#running().kill()
  }

  /**
   * Writes the guest's memory to a file: `virsh dump --memory-only`.
   * @throws {DomainError} if it cannot be written; the domain is as before.
   */
  dump(path: string, { live = false, crash = false, reset = false }: DumpOptions = {}): Awaitable<void> {
    const run = this.#running()
    if (crash && reset) throw new DomainError("Flags 'VIR_DUMP_CRASH' and 'VIR_DUMP_RESET' are mutually exclusive")
    const wasRunning = this.#state.state === 'running'
    const resumed = () => (wasRunning && this.#state.state === 'paused' ? run.resume('unpaused') : undefined)
    // QEMU itself stops the guest for a live dump, unasked.
    const stopped = wasRunning ? run.pause(live ? 'unknown' : 'dumping') : undefined
    const dumped = () => andThen(this.#writeDump(path), (bytes) => run.dumpCompleted(bytes))
    return andThen(stopped, () =>
      andThen(
        orElse(dumped, (error) =>
          andThen(resumed(), () => {
            throw new DomainError(messageOf(error))
          }),
        ),
        () => {
          if (crash) return run.stop('crashed')
          return andThen(reset ? run.machine.reset() : undefined, resumed)
        },
      ),
    )
  }

  /**
   * Stops the guest, takes its whole state and ends it. With `running` it is said whether it runs when it is restored;
   * by default, if it runs now.
   * @throws {DomainError} if its program cannot save it; the domain is as before.
   */
  save({ running }: RestoreOptions = {}): Awaitable<SavedDomain> {
    const run = this.#running()
    const wasRunning = this.#state.state === 'running'
    const { save } = run.guest
    if (save === undefined) throw new DomainError('Operation not supported: this guest cannot be saved')
    const canceled = (error: unknown) =>
      andThen(wasRunning ? run.resume('save canceled') : undefined, () => {
        throw new DomainError(messageOf(error))
      })
    return andThen(wasRunning ? run.pause('saving') : undefined, () =>
      andThen(
        orElse(() => save.call(run.guest), canceled),
        (guest) => {
          const saved = { name: this.name, running: running ?? wasRunning, guest }
          return andThen(run.stop('saved'), () => saved)
        },
      ),
    )
  }

  /**
   * Starts the domain from what `save` gave, a transient one anew: in a bare machine, or in a new guest that is given, whose emulator and
   * images must be the same.
   */
  restore(
    saved: SavedDomain,
    { guest, ...options }: RestoreOptions & { readonly guest?: DomainGuest } = {},
  ): Awaitable<void> {
    this.#exists = true
    this.#checkInactive()
    const { running = saved.running } = options
    return this.#startGuest(guest ?? bareGuest(this.#launch()), { ...saved, running }, {})
  }

  /** As `save`; the next start goes on from there. A transient domain cannot. */
  managedSave(): Awaitable<void> {
    this.#running()
    if (this.#options.transient === true) {
      throw new DomainError(invalid('cannot do managed save for transient domain'))
    }
    return andThen(this.save(), (saved) => {
      this.#managedSave = saved
    })
  }

  /** Forgets the managed save, if there is one. */
  removeManagedSave(): void {
    this.#managedSave = undefined
  }

  /**
   * Executes a QMP command behind the manager's back, and gives what it returned: `virsh qemu-monitor-command`.
   * @throws {QmpError | MachineError} if QEMU refuses it.
   */
  monitorCommand(command: string, args?: Readonly<Record<string, unknown>>): Awaitable<unknown> {
    return executeOn(this.#running().guest, command, args)
  }

  /**
   * Changes what follows a crash, reboot or power-off from the next one on: in the live domain if it runs, else for its
   * next start.
   * @throws {DomainError} if there is no such action, or none for this event.
   */
  setLifecycleAction(event: keyof LifecycleActions, action: string): Awaitable<void> {
    checkOneOf('event', event, ['crash', 'reboot', 'poweroff'])
    const allowed = event === 'crash' && this.#options.proposal2013 ? CRASH_ACTIONS : LIBVIRT_ACTIONS
    const known = allowed.find((candidate) => candidate === action)
    if (known === undefined) throw new DomainError(`Invalid lifecycle action '${action}'.`)
    const changed = { ...this.#actions, [event]: known }
    checkActions(this.#persistent, changed, this.#options)
    if (this.#run === undefined) {
      this.#config = changed
      return
    }
    this.#live = changed
    return this.#tellActions(this.#run)
  }

  get #actions(): LifecycleActions {
    return this.#run === undefined ? this.#config : this.#live
  }

  #checkInactive(): void {
    if (!this.#exists) throw new DomainError(`Domain not found: no domain with matching name '${this.name}'`)
    if (this.#run !== undefined) throw new DomainError('Domain is already active')
  }

  #running(): DomainRun {
    if (this.#run === undefined) throw new DomainError(invalid('domain is not running'))
    return this.#run
  }

  #launch(): Machine {
    return this.#fromCommandLine((options) => new Machine(options))
  }

  #arguments(): readonly string[] {
    const { libvirt, qemu, arguments: given } = this.#options
    return given ?? qemuArguments(this.definition, { ...(libvirt && { libvirt }), ...(qemu && { qemu }) })
  }

  /** Makes something of what the command line tells the machine. */
  #fromCommandLine<Made>(make: (options: MachineOptions) => Made): Made {
    const { definition } = this
    const { machineType = definition.machineType, libvirt } = this.#options
    try {
      const options = { ...this.#options, ...(machineType === '' ? {} : { machineType }) }
      return make(launchedOptions(this.#arguments(), options))
    } catch (error) {
      if (!(error instanceof MachineError)) throw error
      const program = definition.emulator === '' ? 'qemu-system-x86_64' : (definition.emulator.split('/').at(-1) ?? '')
      const { recent } = libvirtProfile(libvirt)
      const closed = recent
        ? `QEMU unexpectedly closed the monitor (vm='${this.name}')`
        : 'process exited while connecting to monitor'
      throw new DomainError(`internal error: ${closed}: ${program}: ${error.desc}`)
    }
  }

  #startGuest(
    guest: DomainGuest,
    saved: SavedDomain | undefined,
    { paused = saved === undefined ? false : !saved.running }: StartOptions,
  ): Awaitable<void> {
    const run = new DomainRun(this.#owner(), guest)
    this.#id++
    this.#live = this.#config
    this.#run = run
    this.#managedSave = undefined
    this.#launched = guest.machine instanceof Machine ? guest.machine.actions : LAUNCHED
    this.#told = this.#launched
    this.#enter({ state: 'paused', reason: 'starting up' })
    const ready = andThen(this.#tellActions(run), () => (saved === undefined ? undefined : bringBack(guest, saved)))
    return andThen(ready, () => {
      const begin =
        saved === undefined ? (['booted', 'Started Booted'] as const) : (['restored', 'Started Restored'] as const)
      const [reason, started] = begin
      if (paused) this.#enter({ state: 'paused', reason: saved === undefined ? 'user' : 'migrating' })
      if (saved !== undefined) this.#report(started)
      return andThen(paused ? undefined : run.resume(reason), () => {
        if (saved === undefined) this.#report(started)
        if (paused) this.#report(saved === undefined ? 'Suspended Paused' : 'Suspended Restored')
      })
    })
  }

  /**
   * libvirt tells QEMU of `on_reboot` by set-action, where QEMU has that, and of nothing else. The proposal's `ignore`
   * is told so too: then QEMU does not even stop.
   */
  #tellActions({ machine }: DomainRun): Awaitable<void> {
    if (machine instanceof Machine && !machine.qemu.actions) return
    const { onPanic, rebootAction } = this.#launched
    const wanted = {
      onPanic: this.#live.crash === 'ignore' ? 'log' : onPanic,
      rebootAction: this.#live.reboot === 'destroy' ? 'shutdown' : rebootAction,
    } as const
    if (wanted.onPanic === this.#told.onPanic && wanted.rebootAction === this.#told.rebootAction) return
    this.#told = wanted
    return machine.setActions(wanted)
  }

  #owner(): RunOwner {
    const domain = this
    return {
      get actions() {
        return domain.#live
      },
      get state() {
        return domain.#state
      },
      fallback: this.#options.fallback ?? 'destroy',
      closesMonitorFirst: !libvirtProfile(this.#options.libvirt).recent,
      enter: (state, reason) => this.#enter({ state, reason } as DomainState),
      report: (detail) => this.#report(detail),
      tell: (name) => this.#tell({ ...this.#source(), name }),
      tellMonitor: (event) => this.#callAll(this.#monitorListeners, event),
      warn: (text) => this.#warn(text),
      clock: () => this.#now(),
      dumpCrashed: () => {
        const file = coreFileName({ id: this.#id, name: this.name, date: new Date(this.#now()) })
        const { dump, autoDumpPath = DUMP_PATH } = this.#options
        return dump === undefined ? this.#writeDump(`${autoDumpPath}/${file}`) : this.#writeDump(file)
      },
      ended: () => {
        this.#run = undefined
        if (this.#options.transient === true) this.#exists = false
      },
    }
  }

  #writeDump(path: string): Awaitable<number | undefined> {
    const { dump } = this.#options
    const guest = this.#running().guest
    return dumpOf(dump === undefined ? guest : { dumpCore: dump }, path)
  }

  #enter(state: DomainState): void {
    this.#state = state
  }

  #report(detail: Extract<DomainEvent, { name: 'lifecycle' }>['detail']): void {
    this.#tell({ ...this.#source(), name: 'lifecycle', detail, numbers: lifecycleEventNumbers(detail) })
  }

  #source() {
    const state = this.#state
    return { domain: this.name, id: this.#id, time: this.#now(), state, stateNumbers: domainStateNumbers(state) }
  }

  #tell(event: DomainEvent): void {
    this.#callAll(this.#listeners, event)
  }

  /** A listener's fault must not keep the manager from what it has to do. */
  #callAll<Event>(listeners: ReadonlySet<Listener<Event>>, event: Event): void {
    for (const listener of listeners) {
      try {
        listener(event)
      } catch (error) {
        this.#warn(`a listener of domain ${this.name} failed: ${String(error)}`)
      }
    }
  }

  #now(): number {
    return (this.#options.clock ?? Date.now)()
  }

  #warn(text: string): void {
    const { onWarning = console.warn } = this.#options
    onWarning(text)
  }
}

function bringBack(guest: DomainGuest, saved: SavedDomain): Awaitable<void> {
  if (guest.restore === undefined) throw new DomainError('Operation not supported: this guest cannot be restored')
  return andThen(guest.restore(saved.guest), () => undefined)
}

function checkActions(
  definition: DomainDefinition,
  { crash, reboot, poweroff }: LifecycleActions,
  { proposal2013 = false }: DomainOptions,
): void {
  const changed = { ...definition, onCrash: crash, onReboot: reboot, onPoweroff: poweroff }
  if (crash === 'ignore' && !proposal2013) {
    throw new DomainError('unsupported configuration: unknown on_crash action: ignore')
  }
  const refusal = refusedDriverAction(changed) ?? refusedDump(changed)
  if (refusal !== undefined) throw new DomainError(refusal.reason)
}

const invalid = (reason: string): string => `Requested operation is not valid: ${reason}`
