// One run of a domain: from the start of its QEMU to its end, with what the manager does about QEMU's events.

import { type Awaitable, andThen, orElse } from '../common/awaitable.js'
import { messageOf } from '../common/message-of.js'
import type { MachineEvent, ShutdownData } from '../machine/events.js'
import { timestampOf } from '../machine/events.js'
import type { GuestMachine } from '../machine/guest-machine.js'
import { MachineError } from '../machine/machine-error.js'
import type { CrashAction, LifecycleAction } from './domain-definition.js'
import type { DomainGuest } from './domain-guest.js'
import type { Fallback } from './domain-options.js'
import {
  DomainError,
  type DomainReasons,
  type DomainState,
  type DomainStateName,
  type LifecycleEvent,
  type MonitorEvent,
} from './domain-state.js'

/** What a domain does about each end of its guest's run. */
export interface LifecycleActions {
  crash: CrashAction
  reboot: LifecycleAction
  poweroff: LifecycleAction
}

/** The domain that a run is of. */
export interface RunOwner {
  readonly actions: LifecycleActions
  readonly fallback: Fallback
  /** It hears nothing more of a QEMU that it is about to end for a panic. */
  readonly closesMonitorFirst: boolean
  readonly state: DomainState
  enter<Name extends DomainStateName>(state: Name, reason: DomainReasons[Name]): void
  report(detail: LifecycleEvent): void
  tell(name: 'reboot' | 'control-error'): void
  tellMonitor(event: MonitorEvent): void
  warn(text: string): void
  clock(): number
  /** Writes the dump of a crashed guest, and gives its bytes if they are known. */
  dumpCrashed(): Awaitable<number | undefined>
  /** The run is over. */
  ended(): void
}

type EndReason = Exclude<DomainReasons['shut off'], 'unknown'>

const STOPPED: Readonly<Record<EndReason, LifecycleEvent>> = {
  shutdown: 'Stopped Shutdown',
  destroyed: 'Stopped Destroyed',
  crashed: 'Stopped Crashed',
  saved: 'Stopped Saved',
}

/** A QEMU process and the monitor on it. */
export class DomainRun {
  readonly guest: DomainGuest
  readonly #owner: RunOwner
  readonly #stopListening: () => void
  #over = false
  /** Why the manager itself is ending the process. */
  #endReason: EndReason | undefined
  /** QEMU has announced its end. */
  #shutDown = false
  /** A reset and a `cont` have been given, and the RESUME has not come yet. */
  #restarting = false
  /** A panic that will be acted upon when the machine's STOP comes. */
  #panicWaits = false
  #resumeReason: DomainReasons['running'] = 'unpaused'
  #pauseReason: DomainReasons['paused'] = 'unknown'
  /** What has been begun and takes its time. */
  #work: Promise<void> | undefined

  constructor(owner: RunOwner, guest: DomainGuest) {
    this.guest = guest
    this.#owner = owner
    const stops = [guest.machine.on('*', (event) => this.#take(event)), guest.machine.onEnd(() => this.#processGone())]
    this.#stopListening = () => {
      for (const stop of stops) stop()
    }
  }

  get machine(): GuestMachine {
    return this.guest.machine
  }

  /** Resolves when what the manager does about the guest has been done. */
  async settled(): Promise<void> {
    while (this.#work !== undefined) await this.#work
  }

  /** @throws {DomainError} if QEMU refuses. */
  resume(reason: DomainReasons['running']): Awaitable<void> {
    this.#resumeReason = reason
    return orElse(
      () => this.machine.cont(),
      (error) => {
        throw monitorError('cont', error)
      },
    )
  }

  pause(reason: DomainReasons['paused']): Awaitable<void> {
    this.#pauseReason = reason
    return andThen(this.machine.stop(), () => {
      this.#pauseReason = 'unknown'
    })
  }

  /** Ends the process by a signal, and hears its last words. */
  end(reason: EndReason): Awaitable<void> {
    this.#endReason = reason
    return this.machine.quit('host-signal')
  }

  /** Ends the process as the manager does by itself; one of the libvirts hears nothing more of it. */
  stop(reason: EndReason): Awaitable<void> {
    if (!this.#owner.closesMonitorFirst) return this.end(reason)
    this.#over = true
    this.#finish(reason, STOPPED[reason])
    return this.machine.quit('host-signal')
  }

  /** The process is killed by somebody else. */
  kill(): Awaitable<void> {
    const { kill = () => this.machine.quit('host-signal') } = this.guest
    this.#over = true
    this.#stopListening()
    return andThen(kill.call(this.guest), () => this.#finish('crashed', 'Stopped Failed'))
  }

  #take(event: MachineEvent): void {
    // The monitor is closed before the process is told to end; what was on its way is read or not.
    if (!this.#over || event.event !== 'SHUTDOWN') this.#owner.tellMonitor(event)
    if (this.#over) return
    switch (event.event) {
      case 'GUEST_PANICKED':
        this.#panicked(event.data.action === 'run')
        break
      case 'GUEST_CRASHLOADED':
        this.#owner.report('Crashed Crashloaded')
        break
      case 'STOP':
        this.#stopped()
        break
      case 'RESUME':
        this.#resumed()
        break
      case 'RESET':
        this.#owner.tell('reboot')
        break
      case 'SHUTDOWN':
        this.#shuttingDown(event.data)
    }
  }

  #panicked(goesOn: boolean): void {
    const { crash } = this.#owner.actions
    const wasRunning = this.#owner.state.state === 'running'
    if (crash !== 'ignore') this.#owner.enter('crashed', 'panicked')
    this.#owner.report('Crashed Panicked')
    if (goesOn && crash === 'ignore') return
    this.#panicWaits = wasRunning && !goesOn
    if (!this.#panicWaits) this.#begin(() => this.#act(crash))
  }

  #stopped(): void {
    if (this.#panicWaits) {
      this.#panicWaits = false
      this.#begin(() => this.#act(this.#owner.actions.crash))
    } else if (this.#owner.state.state === 'running' && !this.#restarting) {
      this.#owner.enter('paused', this.#pauseReason)
      this.#owner.report('Suspended Paused')
    }
  }

  #resumed(): void {
    this.#restarting = false
    const reason = this.#resumeReason
    this.#resumeReason = 'unpaused'
    if (this.#owner.state.state === 'running') return
    this.#owner.enter('running', reason)
    this.#owner.report(reason === 'restored' ? 'Resumed Snapshot' : 'Resumed Unpaused')
  }

  /** @param data missing from QEMU before 2.10. */
  #shuttingDown({ guest }: Partial<ShutdownData> = {}): void {
    if (this.#shutDown) return
    const isEnding = this.#endReason !== undefined || this.machine.exitCode !== undefined
    if (this.#restarting || this.#owner.actions.poweroff === 'restart') {
      if (!isEnding) this.#begin(() => this.#restart())
      return
    }
    this.#shutDown = true
    this.#owner.enter('in shutdown', 'unknown')
    this.#owner.report(guest ? 'Shutdown Finished after guest request' : 'Shutdown Finished after host request')
    // Under -no-shutdown QEMU stands and waits for its end.
    if (!isEnding) this.#begin(() => this.machine.quit('host-signal'))
  }

  /** The monitor's connection has ended, as it does with the process. */
  #processGone(): void {
    if (this.#over) return
    this.#over = true
    const reason = this.#endReason ?? (this.#shutDown ? 'shutdown' : undefined)
    if (reason === undefined) this.#finish('crashed', 'Stopped Failed')
    else this.#finish(reason, STOPPED[reason])
  }

  #finish(reason: EndReason, event: LifecycleEvent): void {
    this.#owner.enter('shut off', reason)
    this.#owner.report(event)
    this.#owner.ended()
    // The events of the end that are still under way are heard.
    if (this.machine.exitCode !== undefined) this.#stopListening()
  }

  #act(action: CrashAction): Awaitable<void> {
    switch (action) {
      case 'destroy':
        return this.stop('crashed')
      case 'restart':
      case 'rename-restart':
        return this.#restart('crashed')
      case 'coredump-destroy':
        return andThen(this.#dump(), (done) => (done && !this.#over ? this.#act('destroy') : undefined))
      case 'coredump-restart':
        return andThen(this.#dump(), (done) => (done && !this.#over ? this.#act('restart') : undefined))
      case 'preserve':
        return
      case 'ignore':
        return this.#letGoOn()
    }
  }

  #letGoOn(): Awaitable<void> {
    this.#owner.enter('crashed', 'panicked')
    return orElse(
      () => this.machine.cont(),
      (error) => {
        if (!(error instanceof MachineError)) throw error
        const { fallback } = this.#owner
        this.#owner.warn(`on_crash=ignore needs a newer QEMU (${error.desc}); fallback: ${fallback}`)
        return this.#act(fallback)
      },
    )
  }

  /** libvirt's restart: the same process, reset and resumed. */
  #restart(reason: DomainReasons['running'] = 'unpaused'): Awaitable<void> {
    this.#restarting = true
    const anew = () =>
      andThen(this.machine.reset(), () => {
        if (this.machine.exitCode !== undefined || this.#over) return
        this.#resumeReason = reason
        return this.machine.cont()
      })
    return orElse(anew, () => {
      // A reset that `on_reboot` turned into a shutdown has left nothing that could go on.
      this.#owner.tell('control-error')
      return this.end('shutdown')
    })
  }

  /** Whether the crashed guest was dumped. */
  #dump(): Awaitable<boolean> {
    const dumped = () => andThen(this.#owner.dumpCrashed(), (bytes) => this.dumpCompleted(bytes))
    return orElse(
      () => andThen(dumped(), () => true),
      (error) => {
        this.#owner.warn(`operation failed: Dump failed: ${messageOf(error)}`)
        return false
      },
    )
  }

  /** Tells of the end of a dump, as QEMU does. */
  dumpCompleted(bytes: number | undefined): void {
    const size = bytes === undefined ? {} : { total: bytes, completed: bytes }
    this.#owner.tellMonitor({
      event: 'DUMP_COMPLETED',
      data: { result: { ...size, status: 'completed' } },
      timestamp: timestampOf(this.#owner.clock()),
    })
  }

  /** Does what follows from an event, after what is under way already. */
  #begin(action: () => Awaitable<void>): void {
    const report = (error: unknown) => this.#owner.warn(messageOf(error))
    const begun = this.#work === undefined ? orElse(action, report) : this.#work.then(action).catch(report)
    if (!(begun instanceof Promise)) return
    const work = begun.finally(() => {
      if (this.#work === work) this.#work = undefined
    })
    this.#work = work
  }
}

/** What libvirt makes of a command that QEMU refuses. */
export function monitorError(command: string, error: unknown): unknown {
  if (!(error instanceof MachineError)) return error
  return new DomainError(`internal error: unable to execute QEMU command '${command}': ${error.desc}`)
}
