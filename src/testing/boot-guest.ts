// Boots a guest with the machine around it, and waits for what it does: prints, panics, ends.

import type { V86 } from 'v86'
import type { MachineEvent } from '../machine/events.js'
import type { Machine } from '../machine/machine.js'
import type { PanicLogEntry } from '../machine/panic-log.js'
import type { EmulatorOptions } from '../v86/boot-rom.js'
import { type AttachOptions, attach, createEmulator, destroyEmulator, EmulatorFault } from '../v86/index.js'
import { builtinGuest } from './builtin-guest.js'
import { SerialText } from './serial-text.js'
import { GuestError, type GuestFailure, Waiters, type WaitOptions } from './waiters.js'

/** Serial lines that an error message quotes. */
const QUOTED_LINES = 5
/** Text before the newest piece that a pattern may still need. */
const PATTERN_REACH = 4096

export interface BootOptions extends AttachOptions, Partial<EmulatorOptions> {
  /** Ends the guest when aborted. */
  readonly signal?: AbortSignal
}

/** How a guest came to its end. */
export interface GuestEnding {
  readonly reason: Exclude<GuestFailure, 'timeout'>
  /** The machine's exit code, if it has ended. */
  readonly exitCode?: number
  /** What the emulator threw, if that was the reason. */
  readonly error?: EmulatorFault
}

/**
 * Boots a guest in v86: a firmware image, or the built-in guest if none is given, which also gets the machine's DMA
 * controllers. The guest takes its first turn after whoever awaits this has had one, unless `startPaused` holds it.
 * @throws what `createEmulator` and `attach` throw.
 */
export async function bootGuest(options: BootOptions = {}): Promise<Guest> {
  options.signal?.throwIfAborted()
  const { iobase } = options
  const { bios = builtinGuest(iobase == null ? {} : { iobase }), dma = options.bios === undefined } = options
  const emulator = await createEmulator({ ...options, bios })
  try {
    return new Guest(emulator, { ...options, dma })
  } catch (error) {
    await destroyEmulator(emulator)
    throw error
  }
}

/** A guest in a v86 emulator, with what is needed to test it. */
export class Guest {
  readonly machine: Machine
  /** What the guest prints on COM1. */
  readonly serial: SerialText
  readonly #emulator: V86
  readonly #waiters = new Waiters(() => this.#lastWords())
  readonly #signal: AbortSignal | undefined
  #pokeScheduled = false
  #reportsTaken = 0
  #halted = false
  #fault: EmulatorFault | undefined
  #disposal: Promise<void> | undefined

  /** @internal Use `bootGuest()`. */
  constructor(emulator: V86, { signal, onError, ...options }: Omit<BootOptions, keyof EmulatorOptions>) {
    this.#emulator = emulator
    this.#signal = signal
    this.machine = attach(emulator, {
      ...options,
      onError: (error) => this.#onError(error, onError),
      onHalt: () => {
        this.#halted = true
        this.#pokeSoon()
        options.onHalt?.()
      },
      onEnd: (exitCode) => {
        this.#pokeSoon()
        options.onEnd?.(exitCode)
      },
    })
    this.serial = new SerialText((pattern, waitOptions) => this.#waitForText(pattern, waitOptions))
    this.machine.on('*', (event) => this.#onEvent(event))
    emulator.add_listener('serial0-output-byte', (byte: number) => {
      this.serial.add(String.fromCharCode(byte))
      this.#pokeSoon()
    })
    signal?.addEventListener('abort', this.#abort)
    if (options.startPaused !== true) emulator.run()
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

  /**
   * The next report of the guest that no earlier call has given: a panic, a loaded crash kernel, a shutdown.
   * @throws {GuestError} if time runs out, or the guest comes to its end without one.
   */
  nextPanic(options?: WaitOptions): Promise<PanicLogEntry> {
    return this.#waiters.wait('report of a panic', () => this.#takeReport() ?? this.#failAtEnd('report'), options)
  }

  /**
   * How the guest comes to its end: its machine ends, it halts for good, or the emulator fails.
   * @throws {GuestError} if time runs out.
   */
  ended(options?: WaitOptions): Promise<GuestEnding> {
    return this.#waiters.wait('end of the guest', () => this.ending, options)
  }

  /** Takes the guest down and frees its memory. Whoever waits for it is told. Calling it again does nothing. */
  dispose(): Promise<void> {
    if (this.#disposal === undefined) {
      this.#signal?.removeEventListener('abort', this.#abort)
      this.#disposal = destroyEmulator(this.#emulator)
      this.#waiters.poke()
    }
    return this.#disposal
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose()
  }

  readonly #abort = () => void this.dispose()

  #onEvent({ event }: MachineEvent): void {
    if (event === 'RESET') this.#halted = false
    this.#pokeSoon()
  }

  #onError(error: unknown, onError: ((error: unknown) => void) | undefined): void {
    if (error instanceof EmulatorFault) this.#fault = error
    if (onError !== undefined) onError(error)
    else if (this.#fault === undefined) console.error('isa-pvpanic:', error)
    this.#pokeSoon()
  }

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
    if (this.#reportsTaken >= total) return undefined
    this.#reportsTaken = Math.max(this.#reportsTaken, dropped) + 1
    return this.machine.panics.entries()[this.#reportsTaken - 1 - dropped]
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
    return this.#waiters.wait(`text ${pattern} on the serial line`, check, options)
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
    throw new GuestError(ending.reason, `no ${what}: ${how}${this.#lastWords()}`, { cause: ending.error })
  }

  #lastWords(): string {
    const lines = this.serial.lastLines(QUOTED_LINES)
    return lines.length === 0 ? '; it printed nothing' : `; its last lines:\n  ${lines.join('\n  ')}`
  }
}
