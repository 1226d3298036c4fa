// One line at the bottom of a terminal that says how long a guest has been booting.

const INTERVAL_MS = 250
/** Back to the first column, and the rest of the line cleared. */
const CLEAR = '\r\x1b[K'

/** Nothing unless a person looks. What else is written to that terminal must be preceded by `clear()`. */
export class ProgressLine {
  readonly #write: (text: string) => void
  readonly #describe: () => string
  #timer: NodeJS.Timeout | undefined
  #isShown = false

  /** @param write undefined if nobody looks. */
  constructor(write: ((text: string) => void) | undefined, describe: () => string) {
    this.#write = write ?? (() => {})
    this.#describe = describe
    if (write !== undefined) this.#timer = setInterval(() => this.#show(), INTERVAL_MS)
  }

  /** Takes the line away until its next turn. */
  clear(): void {
    if (this.#isShown) this.#write(CLEAR)
    this.#isShown = false
  }

  stop(): void {
    clearInterval(this.#timer)
    this.clear()
  }

  #show(): void {
    this.#write(`${CLEAR}${this.#describe()}`)
    this.#isShown = true
  }
}
