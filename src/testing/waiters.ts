// Waiting for a guest to do something: checked when anything changes, never for longer than asked.

import { checkInteger } from '../common/check.js'

/**
 * Why a guest did not do what was waited for. 'stopped': the machine keeps it from going on. 'unreported': its kernel panicked without a report. 'rebooting': it resets
 * itself again and again.
 */
export type GuestFailure =
  | 'timeout'
  | 'ended'
  | 'halted'
  | 'fault'
  | 'disposed'
  | 'stopped'
  | 'unreported'
  | 'rebooting'

/** What was waited for did not come. */
export class GuestError extends Error {
  override readonly name = 'GuestError'
  readonly reason: GuestFailure

  constructor(reason: GuestFailure, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}

/** How long a wait may take. */
export interface WaitOptions {
  /** Milliseconds, 1..0x7fffffff. Default: the guest's `timeoutMs`. */
  readonly timeoutMs?: number
}

export const LONGEST_TIMER_MS = 0x7fffffff

/** V8's way to begin a stack at the caller of a function. */
interface StackCapture {
  captureStackTrace?(target: object, below: unknown): void
}

/** Those who wait for one guest. */
export class Waiters {
  readonly #checks = new Set<() => void>()
  readonly #explain: () => string
  readonly #defaultTimeoutMs: () => number

  /** @param explain what the guest did so far, for the message of a wait in vain. */
  constructor(explain: () => string, defaultTimeoutMs: () => number) {
    this.#explain = explain
    this.#defaultTimeoutMs = defaultTimeoutMs
  }

  /** To be called whenever something changed. */
  poke(): void {
    for (const check of this.#checks) check()
  }

  /**
   * Resolves with what `check` returns as soon as that is not undefined, rejects with what it throws. The stack of a
   * `GuestError` names who called `entry`, the public method that waits.
   * @throws {GuestError} 'timeout' when the time is over; {RangeError | TypeError} for a wrong `timeoutMs`.
   */
  wait<T>(
    what: string,
    check: () => T | undefined,
    options: WaitOptions = {},
    entry: unknown = this.wait,
    explain = this.#explain,
  ): Promise<T> {
    const { timeoutMs = this.#defaultTimeoutMs() } = options
    // Taken now: when the wait is over, nothing of the caller is on the stack.
    const place = { stack: '' }
    ;(Error as StackCapture).captureStackTrace?.(place, entry)
    const frames = place.stack.split('\n').filter((line) => /^\s+at /.test(line))
    return new Promise((resolve, reject) => {
      checkInteger('timeoutMs', timeoutMs, 1, LONGEST_TIMER_MS)
      const finish = (settle: () => void) => {
        clearTimeout(timer)
        this.#checks.delete(attempt)
        settle()
      }
      const fail = (error: unknown) => {
        if (error instanceof GuestError && frames.length > 0) {
          error.stack = [`${error.name}: ${error.message}`, ...frames].join('\n')
        }
        finish(() => reject(error))
      }
      const attempt = () => {
        try {
          const found = check()
          if (found !== undefined) finish(() => resolve(found))
        } catch (error) {
          fail(error)
        }
      }
      const timer = setTimeout(() => {
        fail(new GuestError('timeout', `no ${what} within ${timeoutMs} ms${explain()}`))
      }, timeoutMs)
      this.#checks.add(attempt)
      attempt()
    })
  }
}
