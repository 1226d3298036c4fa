// Shares the event loop between clients by the time that their commands take, so that none can keep it for itself.

/** Work that is done in small steps. */
export interface Worker {
  /** Does steps until there are none or `isOver()`. Returns whether there are more. */
  work(isOver: () => boolean): boolean
}

/** Milliseconds of one worker's turn, unless a single step takes longer. */
const TURN_MS = 0.25
/** Milliseconds of turns after which the event loop goes on to input, timers and everything else of the process. */
const ROUND_MS = 4

/**
 * Who has used least time is next. A worker that comes with work is taken to have used as much as whoever used least of
 * those that wait: it waits for no more than the turn under way and for others that come as seldom.
 */
export class Turns {
  /** Milliseconds that each waiting worker has used. */
  readonly #waiting = new Map<Worker, number>()
  readonly #used = new WeakMap<Worker, number>()
  #least = 0
  #isDue = false

  /** Gives `worker` turns until it has no more work. */
  request(worker: Worker): void {
    if (this.#waiting.has(worker)) return
    this.#waiting.set(worker, Math.max(this.#least, this.#used.get(worker) ?? 0))
    this.#runSoon()
  }

  /** Gives `worker` no more turns. */
  remove(worker: Worker): void {
    this.#waiting.delete(worker)
  }

  #runSoon(): void {
    if (this.#isDue) return
    this.#isDue = true
    setImmediate(() => {
      this.#isDue = false
      this.#runRound()
    })
  }

  #runRound(): void {
    const roundEnd = performance.now() + ROUND_MS
    let now = performance.now()
    for (let worker = this.#next(); worker !== undefined && now < roundEnd; worker = this.#next()) {
      const start = now
      const hasMore = worker.work(() => performance.now() - start >= TURN_MS)
      now = performance.now()
      this.#account(worker, now - start, hasMore)
    }
    if (this.#waiting.size > 0) this.#runSoon()
  }

  #next(): Worker | undefined {
    let next: Worker | undefined
    let least = Number.POSITIVE_INFINITY
    for (const [worker, used] of this.#waiting) {
      if (used >= least) continue
      least = used
      next = worker
    }
    if (next !== undefined) this.#least = least
    return next
  }

  #account(worker: Worker, milliseconds: number, hasMore: boolean): void {
    const before = this.#waiting.get(worker)
    if (before === undefined) return
    if (hasMore) this.#waiting.set(worker, before + milliseconds)
    else {
      this.#waiting.delete(worker)
      this.#used.set(worker, before + milliseconds)
    }
  }
}
