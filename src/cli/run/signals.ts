// The signals that interrupt a run: the guest is ended in order, and what was seen of it is still told.

import { constants } from 'node:os'
import { ENDING_SIGNALS } from '../../node/at-process-end.js'
import type { Verdict } from './judge.js'

/** What a shell makes of a process that a signal ended: this, and the signal's number. */
const EXIT_BY_SIGNAL = 128

/** Waits for such a signal, until `stop()`. A second one ends the process at once. */
export class Interruption {
  readonly #controller = new AbortController()
  #verdict: Verdict | undefined

  constructor() {
    for (const signal of ENDING_SIGNALS) process.on(signal, this.#interrupt)
  }

  /** Aborted by the signal. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** What is to be said of the run if there was a signal. */
  get verdict(): Verdict | undefined {
    return this.#verdict
  }

  stop(): void {
    for (const signal of ENDING_SIGNALS) process.off(signal, this.#interrupt)
  }

  readonly #interrupt = (signal: NodeJS.Signals): void => {
    // Not at once: whoever else listens looks whether it is alone, and ends the process if so.
    setImmediate(() => this.stop())
    this.#verdict = { exitCode: EXIT_BY_SIGNAL + constants.signals[signal], text: `interrupted by ${signal}` }
    this.#controller.abort()
  }
}
