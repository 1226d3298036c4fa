// The machine: bus, devices and run state together, moved by what the guest reports and what the host commands.

import { IoPortBus } from '../bus/io-port-bus.js'
import type { PortDevice } from '../bus/port-device.js'
import { PORT_COUNT } from '../bus/port-map.js'
import { checkInteger, checkKnownOptions, checkMethods } from '../common/check.js'
import { hex } from '../common/hex.js'
import { INSPECT, type Inspect, inspected } from '../common/inspect.js'
import { DebugExit, debugExitPlaces } from '../devices/debug-exit.js'
import { I8257, I8257_PRIMARY, I8257_SECONDARY } from '../devices/i8257.js'
import { PVPANIC_DEFAULT_IOBASE, Pvpanic, type PvpanicEvent, type PvpanicOptions } from '../devices/pvpanic.js'
import type { CpuControl } from './cpu-control.js'
import { type EventListener, EventQueue } from './event-queue.js'
import type { EventName } from './events.js'
import { MachineError } from './machine-error.js'
import { checkActions, MACHINE_OPTIONS, type MachineActions, type MachineOptions } from './machine-options.js'
import {
  type MachineState,
  type PvpanicSource,
  parseMachineState,
  STATE_FORMAT,
  STATE_VERSION,
} from './machine-state.js'
import { PanicLog } from './panic-log.js'
import { type QemuProfile, qemuProfile } from './qemu-versions.js'
import { type Input, panicResponse, type RunState, type TransitionTable, transitionTable } from './transitions.js'

const POST_CODE_PORT = 0x80
const POST_CODE: PortDevice = { name: 'post code', read8: () => 0xff, write8() {} }

/** A pvpanic device of a machine. */
export interface MachinePvpanic {
  readonly device: Pvpanic
  readonly iobase: number
  readonly source: PvpanicSource
}

/**
 * A PC as far as a panic concerns it: the port bus with both DMA controllers and pvpanic, a run state, events.
 *
 * A guest's write takes effect before `outb` returns: the state has changed, the CPU was told, listeners were called,
 * in QEMU's order for a write that stops the machine at once. What a listener does in turn (`cont()` on GUEST_PANICKED,
 * say) acts on the state that the transition led to, and its events follow the ones being delivered.
 */
export class Machine {
  readonly bus: IoPortBus
  /** The primary and the secondary DMA controller. */
  readonly dma: readonly [I8257, I8257]
  /** The pvpanic devices, several only before QEMU 2.4. The first one is what the firmware tells the guest of. */
  readonly pvpanics: readonly MachinePvpanic[]
  /** What the guest reported. */
  readonly panics: PanicLog
  /** The QEMU version and machine type that it behaves like. */
  readonly qemu: QemuProfile
  readonly #cpu: CpuControl | undefined
  readonly #clock: () => number
  readonly #events: EventQueue
  readonly #resetLimit: number
  #actions: MachineActions
  #table: TransitionTable
  #runState: RunState
  #exitCode: number | undefined
  #request: Input | undefined
  #panicResets = 0
  /** What isa-debug-exit asked for last: the exit code of whatever ends the machine. */
  #debugExitCode: number | undefined

  /** @throws {RangeError | TypeError | MachineError} naming the option that is wrong, and what is allowed. */
  constructor(options: MachineOptions = {}) {
    checkKnownOptions(options, MACHINE_OPTIONS)
    const { resetLimit = Number.POSITIVE_INFINITY } = options
    this.qemu = qemuProfile(options.qemu, options.machineType)
    this.#actions = checkActions(options)
    this.#resetLimit = resetLimit === Number.POSITIVE_INFINITY ? resetLimit : checkCount('resetLimit', resetLimit)
    this.#table = this.#chooseTable()
    this.#runState = options.startPaused === true ? 'prelaunch' : 'running'
    this.#cpu = checkMethods('cpu', options.cpu, ['pause', 'resume', 'reset', 'powerOff'])
    this.#clock = options.clock ?? Date.now
    this.#events = new EventQueue(this.#clock, options.onListenerError)
    this.panics = new PanicLog(options.logSize ?? 1024)
    const { wideAccess = this.qemu.wideAccess } = options
    this.bus = new IoPortBus({ wideAccess, pastLastPort: this.qemu.pastLastPort })
    const { pastPageRegisters } = this.qemu
    this.dma = [
      new I8257(I8257_PRIMARY, options.memory, { pastPageRegisters }),
      new I8257(I8257_SECONDARY, options.memory, { pastPageRegisters }),
    ]
    for (const controller of this.dma) controller.attach(this.bus)
    // Only there does it matter that somebody is at port 0x80: elsewhere its reads are all ones as everywhere.
    if (wideAccess === 'whole') this.bus.map(POST_CODE_PORT, 1, POST_CODE)
    this.pvpanics = this.#addPvpanics(options)
    for (const { iobase, iosize } of debugExitPlaces(options.debugExit)) {
      this.bus.map(iobase, iosize, new DebugExit((code) => this.#debugExit(code)))
    }
  }

  /**
   * What a pvpanic device of the emulator's own is made with, such as `new PvpanicPci(machine.pvpanicOptions())`, so that
   * what it reports is a report to this machine.
   * @param events what a read shows. The events that the QEMU version knows.
   */
  pvpanicOptions(events: number = this.qemu.knownEvents): PvpanicOptions {
    return {
      events,
      knownEvents: this.qemu.knownEvents,
      onEvent: (event, value) => this.#report(event, value),
      onAccessEnd: () => this.#settle(),
    }
  }

  /** The pvpanic device, the first one if there are two. */
  get pvpanic(): Pvpanic | undefined {
    return this.pvpanics[0]?.device
  }

  /** What the machine is doing: 'running' until something stops it, 'shutdown' once it has ended. */
  get runState(): RunState {
    return this.#runState
  }

  /** Once the machine has ended, the exit code that QEMU would have left with, 0..0xff. */
  get exitCode(): number | undefined {
    return this.#exitCode
  }

  /** What it does about a panic, a shutdown and a reboot. */
  get actions(): MachineActions {
    return this.#actions
  }

  /**
   * Changes what happens from the next event on; what is not given stays.
   * @throws {RangeError | TypeError} naming the one that is wrong, and what is allowed; nothing has changed.
   */
  setActions(actions: Partial<MachineActions>): void {
    this.#actions = checkActions(actions, this.#actions)
    this.#table = this.#chooseTable()
  }

  /**
   * Calls `listener` at each such event, '*' at every one. Returns what ends that.
   * @throws {RangeError | TypeError} if there is no such event, or `listener` is no function.
   */
  on<Name extends EventName | '*'>(event: Name, listener: EventListener<Name>): () => void {
    return this.#events.on(event, listener)
  }

  /**
   * Calls `listener` when the machine has ended, with the exit code (0..0xff), after the last event: isa-debug-exit ends a
   * machine without any. Returns what ends that.
   * @throws {TypeError} if `listener` is no function.
   */
  onEnd(listener: (exitCode: number) => void): () => void {
    return this.#events.onEnd(listener)
  }

  /**
   * Lets the guest run. Nothing if it runs already.
   * @throws {MachineError} if only a reset can help: after a shutdown, and after a panic before QEMU 1.7; or it has ended.
   */
  cont(): void {
    this.#command('cont')
  }

  /**
   * Pauses the guest if it runs.
   * @throws {MachineError} if the machine has ended.
   */
  stop(): void {
    this.#command('stop')
  }

  /**
   * Resets devices and CPU. A machine that does not run stays so, in 'prelaunch'.
   * @throws {MachineError} if the machine has ended.
   */
  reset(): void {
    this.#command('system_reset')
  }

  /**
   * Presses the power button: sends POWERDOWN, the rest is up to guest and emulator.
   * @throws {MachineError} if the machine has ended.
   */
  powerdown(): void {
    this.#command('system_powerdown')
  }

  /**
   * Ends the machine with exit code 0.
   * @throws {MachineError} if the machine has ended.
   */
  quit(reason: 'host-qmp-quit' | 'host-signal' = 'host-qmp-quit'): void {
    this.#command(reason === 'host-signal' ? reason : 'quit')
  }

  /**
   * The guest has powered itself off, by ACPI say. For the emulator around to call.
   * @throws {MachineError} if the machine has ended.
   */
  guestShutdown(): void {
    this.#command('guest-shutdown')
  }

  /**
   * The guest has reset itself, by the keyboard controller say. For the emulator around to call.
   * @throws {MachineError} if the machine has ended.
   */
  guestReset(): void {
    this.#command('guest-reset')
  }

  /** What one wants to know of it at a glance; `save()` gives the whole state. `console.log` shows the same. */
  toJSON(): object {
    return {
      runState: this.runState,
      ...(this.exitCode !== undefined && { exitCode: this.exitCode }),
      qemu: this.qemu.version,
      machineType: this.qemu.machineType,
      ...this.actions,
      pvpanics: this.pvpanics.map(({ source, iobase, device: { events, counts } }) => {
        return { source, iobase: hex(iobase), events, ...counts }
      }),
      panics: { total: this.panics.total, last: this.panics.entries().at(-1) },
    }
  }

  /** What `console.log` shows in Node. */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return inspected(this, options, inspect)
  }

  /** The whole state, as plain JSON. */
  save(): MachineState {
    return {
      format: STATE_FORMAT,
      version: STATE_VERSION,
      runState: this.#runState,
      exitCode: this.#exitCode ?? null,
      panicResets: this.#panicResets,
      debugExitCode: this.#debugExitCode ?? null,
      dma: this.dma.map((controller) => controller.save()),
      pvpanics: this.pvpanics.map(({ source, iobase, device }) => ({ source, iobase, ...device.save() })),
      panics: this.panics.save(),
    }
  }

  /**
   * Takes a saved state, without events. The CPU is paused or resumed if the run state asks for it; the state of a machine
   * that has ended ends this one. What has ended stays so: make a new machine.
   * @returns a sentence for each device that the state holds and this machine does not have, or has at another port.
   * @throws {OptionTypeError | OptionRangeError} naming the path of the bad field of a damaged or foreign state.
   * @throws {MachineError} if the machine has ended. In both cases nothing has changed.
   */
  load(state: unknown): string[] {
    this.#checkNotEnded('load')
    const { runState, exitCode, panicResets, debugExitCode, dma, pvpanics, panics } = parseMachineState(state)
    const wasRunning = this.#runState === 'running'
    for (const [index, saved] of dma.entries()) this.dma[index]?.load(saved)
    for (const [index, saved] of pvpanics.entries()) this.pvpanics[index]?.device.load(saved)
    this.panics.load(panics)
    this.#runState = runState
    this.#panicResets = panicResets
    this.#debugExitCode = debugExitCode ?? undefined
    this.#table = this.#chooseTable()
    if (exitCode !== null) this.#end(exitCode)
    else if (wasRunning && runState !== 'running') this.#cpu?.pause()
    else if (!wasRunning && runState === 'running') this.#cpu?.resume()
    this.#events.deliver()
    return pvpanics.flatMap(({ source, iobase }, index) => {
      const saved = `the ${source} pvpanic at port ${hex(iobase)}`
      const here = this.pvpanics[index]
      if (here === undefined) return [`${saved} is not in this machine`]
      return here.iobase === iobase ? [] : [`${saved} is at port ${hex(here.iobase)} in this machine`]
    })
  }

  #addPvpanics({ iobase = PVPANIC_DEFAULT_IOBASE, secondIobase, events }: MachineOptions): MachinePvpanic[] {
    if (iobase === null) {
      if (this.qemu.builtinPvpanic) {
        throw new MachineError(`iobase: machine ${this.qemu.machineType} has pvpanic built in; 0 neutralises it`)
      }
      if (secondIobase !== undefined) throw new MachineError('secondIobase: there is no first pvpanic, iobase is null')
      return []
    }
    checkInteger('iobase', iobase, 0, PORT_COUNT - 1)
    const first = this.#addPvpanic(iobase, this.qemu.builtinPvpanic ? 'builtin' : 'device', events)
    if (secondIobase === undefined) return [first]
    if (!this.qemu.severalPvpanics) throw new MachineError('duplicate fw_cfg file name: etc/pvpanic-port')
    const others = [secondIobase].flat().map((port) => checkInteger('secondIobase', port, 0, PORT_COUNT - 1))
    return [first, ...others.map((port) => this.#addPvpanic(port, 'device', events))]
  }

  #addPvpanic(iobase: number, source: PvpanicSource, events = this.qemu.defaultEvents): MachinePvpanic {
    const device = new Pvpanic(this.pvpanicOptions(events))
    this.bus.map(iobase, 1, device)
    return { device, iobase, source }
  }

  #report(event: PvpanicEvent, value: number): void {
    if (this.#exitCode !== undefined) return
    this.panics.add(event, value, this.#clock())
    // So that a guest which panics without end under 'log' costs little.
    if (this.#table[event][this.#runState].onlyTells && !this.#events.heard) return
    this.#apply(event)
  }

  #debugExit(code: number): void {
    if (this.#exitCode !== undefined) return
    this.#debugExitCode = code
    this.#apply('debug-exit')
    this.#settle()
  }

  /** The guest's access is over: what it led to is carried out, and listeners are told of it all. */
  #settle(): void {
    if (this.#request !== undefined) this.#carryOut(this.#request)
    this.#events.deliver()
  }

  #carryOut(request: Input): void {
    this.#request = undefined
    this.#apply(request)
    if (request !== 'panic-reset') return
    this.#panicResets++
    this.#table = this.#chooseTable()
  }

  #command(input: Input): void {
    this.#checkNotEnded(input)
    const refusal = this.#apply(input)
    if (refusal === undefined && (input === 'cont' || input === 'system_reset')) this.#startRowAnew()
    this.#events.deliver()
    if (refusal !== undefined) throw new MachineError(refusal)
  }

  #checkNotEnded(command: Input | 'load'): void {
    if (this.#exitCode === undefined) return
    throw new MachineError(`the machine has ended with exit code ${this.#exitCode}; ${command} needs one that has not`)
  }

  /** Carries out what the table says; returns why a command is refused, if it is. */
  #apply(input: Input): string | undefined {
    for (const step of this.#table[input][this.#runState].steps) {
      switch (step.do) {
        case 'emit':
          this.#events.add(step.event, step.data)
          break
        case 'stop':
          this.#stop(step.into)
          break
        case 'resume':
          this.#runState = 'running'
          this.#events.add('RESUME')
          this.#cpu?.resume()
          break
        case 'reset devices':
          this.#resetDevices()
          break
        case 'enter':
          this.#runState = step.state
          break
        case 'exit':
          this.#end(this.#debugExitCode ?? (step.code === 0 ? 0 : this.#actions.panicExitCode))
          break
        case 'refuse':
          return step.desc
        case 'request':
          this.#request = step.input
          break
        case 'command':
          if (this.#exitCode === undefined) this.#apply(step.input)
      }
    }
    return undefined
  }

  #stop(into: RunState): void {
    if (this.#runState !== 'running') return
    this.#runState = into
    this.#events.add('STOP')
    this.#cpu?.pause()
  }

  #resetDevices(): void {
    for (const device of new Set(this.bus.mappings().map((mapping) => mapping.device))) device.reset?.()
    this.#cpu?.reset()
  }

  #end(exitCode: number): void {
    if (this.#exitCode !== undefined) return
    this.#runState = 'shutdown'
    this.#exitCode = exitCode
    this.#cpu?.powerOff()
    this.#events.addEnd(exitCode)
  }

  #startRowAnew(): void {
    this.#panicResets = 0
    this.#table = this.#chooseTable()
  }

  #chooseTable(): TransitionTable {
    return transitionTable({
      ...this.qemu,
      panic: panicResponse({ ...this.#actions, mayReset: this.#panicResets < this.#resetLimit }),
      shutdown: this.#actions.shutdownAction,
      reboot: this.#actions.rebootAction,
    })
  }
}

function checkCount(name: string, value: number): number {
  return checkInteger(name, value, 0, Number.MAX_SAFE_INTEGER)
}
