// What a program that runs guests must offer, so that the same test runs on any of them.

import type { GuestMachine } from '../machine/guest-machine.js'

import type { BootFacts, PortSight } from './silence.js'

export type { GuestMachine }

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
  /** What runs the guest, and how: its accelerator, say. */
  readonly description: string
  readonly facts: BootFacts
  /** Undefined if the engine does not tell of single accesses. */
  readonly sight: PortSight | undefined
  /** Lets the guest begin, unless it is to start paused. Nothing is told before. */
  start(listener: EngineListener): void
  /** Types text on the guest's COM1; Latin-1. */
  send(text: string): void
  /** A non-maskable interrupt for every processor. */
  injectNmi(): Promise<void>
  /** The guest as it stands, to be restored by an engine with the same options and images. */
  save(): Promise<Uint8Array>
  /**
   * Writes memory and registers to an ELF core file, whole or not at all, for its owner alone. The guest must stand.
   * @returns the file's bytes.
   */
  dumpCore(path: string): Promise<number>
  /** Takes the guest down and frees all that it has. */
  dispose(): Promise<void>
}
