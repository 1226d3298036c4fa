// Waiting for a guest to do something: checked when anything changes, never for longer than asked.

import { checkInteger } from '../common/check.js'

/** Why a guest did not do what was waited for. */
export type GuestFailure = 'timeout' | 'ended' | 'halted' | 'fault' | 'disposed'

/** What was waited for did not come. */
export class GuestError extends Error {
  override readonly name = 'GuestError'
  readonly reason: GuestFailure

  constructor(reason: GuestFailure, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}

export interface WaitOptions {
  /** Milliseconds, 1..0x7fffffff. Default: 60,000. */
  readonly timeoutMs?: number
}

const DEFAULT_TIMEOUT_MS = 60_000
const LONGEST_TIMER_MS = 0x7fffffff

/** Those who wait for one guest. */
export class Waiters {
  readonly #checks = new Set<() => void>()
  readonly #explain: () => string

  /** @param explain what the guest did so far, for the message of a wait in vain. */
  constructor(explain: () => string) {
    this.#explain = explain
  }

  /** To be called whenever something changed. */
  poke(): void {
    for (const check of this.#checks) check()
  }

  /**
   * Resolves with what `check` returns as soon as that is not undefined, rejects with what it throws.
   * @throws {GuestError} 'timeout' when the time is over; {RangeError | TypeError} for a wrong `timeoutMs`.
   */
  wait<T>(what: string, check: () => T | undefined, { timeoutMs = DEFAULT_TIMEOUT_MS }: WaitOptions = {}): Promise<T> {
    return new Promise((resolve, reject) => {
      checkInteger('timeoutMs', timeoutMs, 1, LONGEST_TIMER_MS)
      const finish = (settle: () => void) => {
        clearTimeout(timer)
        this.#checks.delete(attempt)
        settle()
      }
      const attempt = () => {
        try {
          const found = check()
          if (found !== undefined) finish(() => resolve(found))
        } catch (error) {
          finish(() => reject(error))
        }
      }
      const timer = setTimeout(() => {
        finish(() => reject(new GuestError('timeout', `no ${what} within ${timeoutMs} ms${this.#explain()}`)))
      }, timeoutMs)
      this.#checks.add(attempt)
      attempt()
    })
  }
}
