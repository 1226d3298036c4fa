// What interrupts a run, signals above all: the guest is ended in order, and what was seen of it is still told.

import { constants } from 'node:os'
import { ENDING_SIGNALS } from '../../node/at-process-end.js'
import type { Verdict } from './judge.js'

/** A shell's exit code for a process that a signal ended is this plus the signal's number. */
const EXIT_BY_SIGNAL = 128

/** Waits for a signal, until `stop()`. A second one ends the process at once. */
export class Interruption {
  readonly #controller = new AbortController()
  #verdict: Verdict | undefined

  constructor() {
    for (const signal of ENDING_SIGNALS) process.on(signal, this.#interrupt)
  }

  /** Aborted when the run is interrupted. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** What is to be said of the run if it was interrupted. */
  get verdict(): Verdict | undefined {
    return this.#verdict
  }

  /** Interrupts the run, unless it is interrupted already. */
  end(verdict: Verdict): void {
    this.#verdict ??= verdict
    this.#controller.abort()
  }

  stop(): void {
    for (const signal of ENDING_SIGNALS) process.off(signal, this.#interrupt)
  }

  readonly #interrupt = (signal: NodeJS.Signals): void => {
    // Later, since the other listeners of this signal end the process if they find no listener besides themselves.
    setImmediate(() => this.stop())
    this.end({ exitCode: EXIT_BY_SIGNAL + constants.signals[signal], text: `interrupted by ${signal}` })
  }
}
