// A guest under test: what it prints, what it reports, how it ends, whichever engine runs it.

import type { PanicLogEntry } from '../machine/panic-log.js'
import type { GuestEngine, GuestMachine } from './engine.js'
import { KernelMessages } from './kernel-messages.js'
import { type CommandResult, shellCommand } from './run-command.js'
import { SerialText } from './serial-text.js'
import { likelyReasons } from './silence.js'
import { stayAliveFor } from './stay-alive.js'
import { GuestError, type GuestFailure, Waiters, type WaitOptions } from './waiters.js'

/** Serial lines that an error message quotes. */
const QUOTED_LINES = 5
/** Text before the newest piece that a pattern may still need. */
const PATTERN_REACH = 4096

/** What is set for a guest in either engine. */
export interface GuestOptions {
  /** Ends the guest when aborted. */
  readonly signal?: AbortSignal
  /**
   * Milliseconds for which `nextPanic()`, `ended()` and `serial.waitFor()` wait unless they are told, 1..0x7fffffff; or a
   * function that is asked at each of them. Default: 60,000.
   */
  readonly timeoutMs?: number | (() => number)
}

const DEFAULT_TIMEOUT_MS = 60_000
/** From a kernel's first line about its panic to its report, and from its last line. */
const GRACE_MS = 5_000
const GRACE_AT_END_MS = 1_000
/** Resets of the guest by itself, without a report between them, that tell of a guest which never gets anywhere. */
const MOST_RESETS = 10

/** How a guest came to its end. */
export interface GuestEnding {
  readonly reason: Exclude<GuestFailure, 'timeout' | 'stopped' | 'unreported' | 'rebooting'>
  /** The machine's exit code, if it has ended. */
  readonly exitCode?: number
  /** What the emulator failed with, if that was the reason. */
  readonly error?: Error
}

/** A guest in its engine, with what is needed to test it. */
export class Guest<M extends GuestMachine = GuestMachine> {
  readonly machine: M
  /** What the guest prints on COM1. */
  readonly serial: SerialText
  readonly #engine: GuestEngine<M>
  readonly #waiters: Waiters
  readonly #signal: AbortSignal | undefined
  #pokeScheduled = false
  #reportsTaken = 0
  #commands = 0
  #halted = false
  #fault: Error | undefined
  #disposal: Promise<void> | undefined
  readonly #messages = new KernelMessages()
  /** Reports before the latest start of the machine. */
  #reportsBefore: number
  #isUnreported = false
  #grace: ReturnType<typeof setTimeout> | undefined
  /** Resets by the guest itself since its latest report. */
  #guestResets = 0

  /** @internal Use `bootGuest()`. */
  constructor(engine: GuestEngine<M>, { signal, timeoutMs = DEFAULT_TIMEOUT_MS }: GuestOptions = {}) {
    const defaultTimeoutMs = typeof timeoutMs === 'number' ? () => timeoutMs : timeoutMs
    this.#waiters = new Waiters(() => this.#lastWords(), defaultTimeoutMs)
    this.#engine = engine
    this.machine = engine.machine
    // Those of a restored guest were told before it was saved.
    this.#reportsTaken = engine.machine.panics.total
    this.#reportsBefore = engine.machine.panics.total
    this.serial = new SerialText((pattern, waitOptions) => this.#waitForText(pattern, waitOptions))
    this.machine.on('RESET', ({ data }) => {
      this.#halted = false
      this.#startedAnew(data?.guest === true)
    })
    this.#signal = signal
    signal?.addEventListener('abort', this.#abort)
    engine.start({
      onText: (text) => {
        this.serial.add(text)
        if (this.#messages.read(text)) this.#giveGrace()
        this.#pokeSoon()
      },
      onHalt: () => {
        this.#halted = true
        this.#pokeSoon()
      },
      onFault: (error) => {
        this.#fault = error
        this.#pokeSoon()
      },
      onChange: () => this.#pokeSoon(),
    })
  }

  /** The machine's exit code once it has ended. */
  get exitCode(): number | undefined {
    return this.machine.exitCode
  }

  /** How the guest came to its end, while it is there: a guest that halted for good (interrupts off) can still be reset. */
  get ending(): GuestEnding | undefined {
    const { exitCode } = this.machine
    if (this.#fault !== undefined) return { reason: 'fault', error: this.#fault }
    if (exitCode !== undefined) return { reason: 'ended', exitCode }
    if (this.#disposal !== undefined) return { reason: 'disposed' }
    return this.#halted && this.machine.runState === 'running' ? { reason: 'halted' } : undefined
  }

  /** What runs the guest: 'v86', or the QEMU program and its accelerator. */
  get engine(): string {
    return this.#engine.description
  }

  /** The likely reasons why no report has come so far, by what was seen of the guest; none if nothing speaks for one. */
  get likelyReasons(): readonly string[] {
    const isSilent = this.serial.text.trim() === '' && this.serial.dropped === 0
    return likelyReasons(this.#engine.facts, this.#engine.sight, this.#messages, isSilent)
  }

  /** What its kernel printed of its first failure: oops, call trace, panic. At most 60 lines. */
  get failureLines(): readonly string[] {
    return this.#messages.failure
  }

  /** Types `text` (Latin-1) on the guest's COM1. */
  send(text: string): void {
    this.#engine.send(text)
  }

  /**
   * Has the shell that reads the guest's serial line run a command: that of `linuxInitrd()`, or a login shell of another
   * system. One command at a time.
   * @throws {GuestError} if it does not end in time, or the guest panics, stops or ends before.
   */
  run(command: string, options?: WaitOptions): Promise<CommandResult> {
    const { text: sent, resultIn } = shellCommand(command, ++this.#commands)
    const from = this.serial.dropped + this.serial.text.length
    const check = () => {
      const { text, dropped } = this.serial
      const result = resultIn(text.slice(Math.max(0, from - dropped)))
      if (result !== undefined) return result
      this.#failAtEnd(`end of the command ${JSON.stringify(command)}`)
      const { runState } = this.machine
      if (!this.#engine.settled || runState === 'running') return undefined
      const what = `no end of the command ${JSON.stringify(command)}: run state ${runState}`
      throw new GuestError('stopped', `${what}${this.#lastWords()}`)
    }
    this.send(sent)
    return this.#waiters.wait(`end of the command ${JSON.stringify(command)}`, check, options, this.run)
  }

  /**
   * Sends every processor a non-maskable interrupt, at which Linux panics if its sysctl `kernel.unknown_nmi_panic` is 1.
   * Engine 'qemu' only.
   */
  injectNmi(): Promise<void> {
    return stayAliveFor(this.#engine.injectNmi())
  }

  /**
   * The guest as it stands, for `restore` of `bootGuest()`: memory, processor, devices and disks, and the machine's state.
   * A guest that runs goes on. Engine 'v86' only. Not to be called by a listener.
   */
  save(): Promise<Uint8Array> {
    return stayAliveFor(this.#engine.save())
  }

  /**
   * Writes the memory and the registers of a guest that stands (panicked or stopped) to an ELF core file, which gdb and
   * readelf read. The file is whole or not there, and for its owner alone. In v86 of its 32-bit processor, in QEMU as its
   * dump-guest-memory has it. Node only.
   * @returns the file's bytes.
   * @throws {Error} if the guest runs, or the file cannot be written.
   */
  dumpCore(path: string): Promise<number> {
    return this.#engine.dumpCore(path)
  }

  /**
   * The next report of the guest that no earlier call has given: a panic, a loaded crash kernel, a shutdown. What the
   * machine does about it has been done by then.
   * @throws {GuestError} if time runs out, or the guest comes to its end without one, or its kernel prints that it has
   *   panicked and no report follows, or it resets itself 10 times; the message has the likely reasons. {RangeError | TypeError} for a
   *   wrong `timeoutMs`.
   */
  nextPanic(options?: WaitOptions): Promise<PanicLogEntry> {
    const explain = () => `${this.#why()}${this.#lastWords()}`
    return this.#waiters.wait('report of a panic', () => this.#takeReport(), options, this.nextPanic, explain)
  }

  /**
   * How the guest comes to its end: its machine ends, it halts for good, or the emulator fails.
   * @throws {GuestError} if time runs out; {RangeError | TypeError} for a wrong `timeoutMs`.
   */
  ended(options?: WaitOptions): Promise<GuestEnding> {
    return this.#waiters.wait('end of the guest', () => this.ending, options, this.ended)
  }

  /**
   * Takes the guest down and frees its memory. Whoever waits for it is told. Calling it again does nothing. A guest that
   * nobody disposes of uses the processor for as long as the process lives, but does not keep it alive.
   */
  dispose(): Promise<void> {
    if (this.#disposal === undefined) {
      this.#signal?.removeEventListener('abort', this.#abort)
      this.#disposal = stayAliveFor(this.#engine.dispose())
      this.#waiters.poke()
    }
    return this.#disposal
  }

  /** `dispose()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose()
  }

  readonly #abort = () => void this.dispose()

  /** Once for all that the guest does in one turn: it may print or report thousands of times in a millisecond. */
  #pokeSoon(): void {
    if (this.#pokeScheduled) return
    this.#pokeScheduled = true
    queueMicrotask(() => {
      this.#pokeScheduled = false
      this.#waiters.poke()
    })
  }

  #takeReport(): PanicLogEntry | undefined {
    const { total, dropped } = this.machine.panics
    if (this.#reportsTaken >= total) return this.#failAtEnd('report') ?? this.#failWithoutReport()
    if (!this.#engine.settled && this.ending === undefined) return undefined
    this.#reportsTaken = Math.max(this.#reportsTaken, dropped) + 1
    return this.machine.panics.entries()[this.#reportsTaken - 1 - dropped]
  }

  #startedAnew(byGuest: boolean): void {
    this.#messages.reset()
    clearTimeout(this.#grace)
    this.#isUnreported = false
    const { total } = this.machine.panics
    this.#guestResets = byGuest && total === this.#reportsBefore ? this.#guestResets + 1 : 0
    this.#reportsBefore = total
  }

  /** The kernel says that it has panicked: its report is due. Text and events of QEMU come by different ways. */
  #giveGrace(): void {
    clearTimeout(this.#grace)
    if (this.#messages.panic === undefined || this.#isUnreported) return
    this.#grace = setTimeout(
      () => {
        this.#isUnreported = this.machine.panics.total === this.#reportsBefore && this.machine.runState === 'running'
        this.#pokeSoon()
      },
      this.#messages.isOver ? GRACE_AT_END_MS : GRACE_MS,
    )
    // In browsers it is a number.
    if (typeof this.#grace === 'object') this.#grace.unref()
  }

  #failWithoutReport(): undefined {
    if (this.#isUnreported) {
      const what = `no report: the guest printed ${JSON.stringify(this.#messages.panic ?? '')} and did not tell the device`
      throw new GuestError('unreported', `${what}${this.#why()}${this.#lastWords()}`)
    }
    if (this.#guestResets >= MOST_RESETS) {
      const what = `no report: the guest has reset itself ${this.#guestResets} times`
      throw new GuestError('rebooting', `${what}${this.#why()}${this.#lastWords()}`)
    }
  }

  /** The likely reasons why no report came, for a message. */
  #why(): string {
    const reasons = this.likelyReasons
    return reasons.length === 0 ? '' : `; ${reasons.join('; ')}`
  }

  #waitForText(pattern: RegExp, options?: WaitOptions): Promise<RegExpExecArray> {
    let searched = 0
    const check = () => {
      const { text, dropped } = this.serial
      const from = Math.max(0, searched - dropped - PATTERN_REACH)
      searched = dropped + text.length
      return (
        new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, '')).exec(text.slice(from)) ??
        this.#failAtEnd(`text ${pattern}`)
      )
    }
    return this.#waiters.wait(`text ${pattern} on the serial line`, check, options, this.serial.waitFor)
  }

  #failAtEnd(what: string): undefined {
    const { ending } = this
    if (ending === undefined) return
    const how = {
      ended: `the machine ended with exit code ${ending.exitCode}`,
      halted: 'the guest halted with interrupts off',
      fault: ending.error?.message ?? '',
      disposed: 'the guest was disposed of',
    }[ending.reason]
    const why = what === 'report' ? this.#why() : ''
    throw new GuestError(ending.reason, `no ${what}: ${how}${why}${this.#lastWords()}`, { cause: ending.error })
  }

  #lastWords(): string {
    const lines = this.serial.lastLines(QUOTED_LINES)
    return lines.length === 0 ? '; it printed nothing' : `; its last lines:\n  ${lines.join('\n  ')}`
  }
}
