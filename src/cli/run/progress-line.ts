// One line at the bottom of a terminal that says what a run waits for.

import type { Terminal } from '../terminal.js'

const INTERVAL_MS = 250

/** Nothing unless a person looks. What else is written to that terminal must be preceded by `clear()`. */
export class ProgressLine {
  readonly #terminal: Terminal
  readonly #describe: () => string
  readonly #timer: NodeJS.Timeout | undefined
  #isShown = false

  constructor(terminal: Terminal, describe: () => string) {
    this.#terminal = terminal
    this.#describe = describe
    if (terminal.isWatched) this.#timer = setInterval(() => this.#show(), INTERVAL_MS)
  }

  /** Takes the line away until its next turn. */
  clear(): void {
    if (this.#isShown) this.#terminal.status('')
    this.#isShown = false
  }

  stop(): void {
    clearInterval(this.#timer)
    this.clear()
  }

  #show(): void {
    this.#terminal.status(this.#describe())
    this.#isShown = true
  }
}
