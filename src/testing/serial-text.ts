// What a guest prints on its serial line, as text: kept up to a bound, waited for by pattern.

import type { WaitOptions } from './waiters.js'

/** Characters kept at least; older ones are dropped, so that a guest that prints for ever does not fill the host. */
const KEPT_TEXT = 1 << 20

/** A guest's serial output, as Latin-1. */
export class SerialText {
  #text = ''
  #dropped = 0
  readonly #listeners = new Set<(text: string) => void>()
  readonly #waitFor: (pattern: RegExp, options?: WaitOptions) => Promise<RegExpExecArray>

  constructor(waitFor: (pattern: RegExp, options?: WaitOptions) => Promise<RegExpExecArray>) {
    this.#waitFor = waitFor
  }

  /** The text so far, its newest 1,048,576 characters at least. */
  get text(): string {
    return this.#text
  }

  /** Characters that are not kept any more. */
  get dropped(): number {
    return this.#dropped
  }

  /** The last lines that are not empty, at most `count`. */
  lastLines(count: number): string[] {
    return this.#text
      .split(/[\r\n]+/)
      .filter((line) => line !== '')
      .slice(-count)
  }

  /**
   * The first match of `pattern` in the text, as soon as there is one.
   * @throws {GuestError} if time runs out, or the guest can print no more; {RangeError | TypeError} for a wrong
   *   `timeoutMs`.
   */
  waitFor(pattern: RegExp | string, options?: WaitOptions): Promise<RegExpExecArray> {
    const regExp = typeof pattern === 'string' ? new RegExp(pattern.replace(/[$()*+./?[\\\]^{|}-]/g, '\\$&')) : pattern
    return this.#waitFor(regExp, options)
  }

  /** Calls `listener` with each piece of text as it comes. Returns what ends that. */
  on(listener: (text: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** @internal */
  add(text: string): void {
    this.#text += text
    if (this.#text.length > 2 * KEPT_TEXT) {
      this.#dropped += this.#text.length - KEPT_TEXT
      this.#text = this.#text.slice(-KEPT_TEXT)
    }
    for (const listener of this.#listeners) listener(text)
  }
}
