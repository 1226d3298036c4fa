// Shows steps as they come, or one by one with a pause between them.

/** Steps shown within one frame when nothing slows them down; more wait for the next, so that the page stays usable. */
const MOST_AT_ONCE = 400

export class Playback<Step> {
  readonly #show: (steps: readonly Step[]) => void
  readonly #onIdle: () => void
  #waiting: Step[] = []
  #timer: ReturnType<typeof setTimeout> | undefined
  /** Milliseconds between steps; 0: no pause. */
  pauseMs = 0

  constructor(show: (steps: readonly Step[]) => void, onIdle: () => void) {
    this.#show = show
    this.#onIdle = onIdle
  }

  get isPlaying(): boolean {
    return this.#timer !== undefined
  }

  add(step: Step): void {
    this.#waiting.push(step)
    this.#timer ??= setTimeout(() => this.#next(), this.pauseMs)
  }

  clear(): void {
    this.#waiting = []
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #next(): void {
    this.#show(this.#waiting.splice(0, this.pauseMs === 0 ? MOST_AT_ONCE : 1))
    this.#timer = this.#waiting.length > 0 ? setTimeout(() => this.#next(), this.pauseMs) : undefined
    if (this.#timer === undefined) this.#onIdle()
  }
}
