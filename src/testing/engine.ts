// What a program that runs guests must offer, so that the same test runs on any of them.

import type { EventListener } from '../machine/event-queue.js'
import type { EventName } from '../machine/events.js'
import type { PanicLog } from '../machine/panic-log.js'

/**
 * The machine around a guest. `Machine` is one; commands to another program take their time, so await them always.
 * A refused command throws `MachineError`.
 */
export interface GuestMachine {
  /** A `RunState`, or another of QEMU's: 'internal-error' say. */
  readonly runState: string
  /** The exit code once the machine has ended. */
  readonly exitCode: number | undefined
  readonly panics: Pick<PanicLog, 'total' | 'dropped' | 'entries'>
  on<Name extends EventName | '*'>(event: Name, listener: EventListener<Name>): () => void
  /** Calls `listener` with the exit code when the machine has ended, after the last event. Returns what ends that. */
  onEnd(listener: (exitCode: number) => void): () => void
  cont(): void | Promise<void>
  stop(): void | Promise<void>
  reset(): void | Promise<void>
  powerdown(): void | Promise<void>
  quit(): void | Promise<void>
}

/** What an engine tells of its guest. None of them may throw. */
export interface EngineListener {
  /** The guest has printed on COM1; Latin-1. */
  onText(text: string): void
  /** The guest has halted with interrupts off. */
  onHalt(): void
  /** The emulator has failed; the guest cannot go on. */
  onFault(error: Error): void
  /** Something else has changed: an event, a run state, the end of the machine. */
  onChange(): void
}

/** One guest in the program that runs it. */
export interface GuestEngine<M extends GuestMachine = GuestMachine> {
  readonly machine: M
  /** False while the machine is between a report of the guest and what follows from it: the panicked guest is not stopped yet. */
  readonly settled: boolean
  /** Lets the guest begin, unless it is to start paused. Nothing is told before. */
  start(listener: EngineListener): void
  /** Types text on the guest's COM1; Latin-1. */
  send(text: string): void
  /** Writes memory and registers to an ELF core file, whole or not at all, for its owner alone. The guest must stand. */
  dumpCore(path: string): Promise<void>
  /** Takes the guest down and frees all that it has. */
  dispose(): Promise<void>
}
