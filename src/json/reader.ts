// Reads a stream of JSON values as QEMU's monitor does: its leniencies, its limits, its words for what is wrong.

import { JsonLexer, type Token } from './lexer.js'
import { JsonParser, type JsonWords, PLAIN_WORDS, showText } from './parser.js'
import type { JsonValue } from './value.js'

/** What one value may cost. */
export interface JsonLimits {
  /** Bytes of its tokens together. */
  readonly bytes: number
  readonly tokens: number
  /** Objects and arrays within each other. */
  readonly depth: number
}

/** QEMU 7.2's limits, measured. */
export const QEMU_JSON_LIMITS: JsonLimits = { bytes: 64 << 20, tokens: 2 << 20, depth: 1024 }

/** A complete value, or why there is none. */
export type JsonResult = { readonly value: JsonValue } | { readonly error: string }

/** Characters that an error can have after "JSON parse error, ". */
const LONGEST_FAILURE = 1023

/**
 * Feed it bytes in pieces of any size; it calls `onResult` for each value, or for what was wrong with it. No line end is
 * needed after an object or array. Strings may have single quotes. After an error it skips the rest of the value.
 */
export class JsonReader {
  readonly #limits: JsonLimits
  readonly #words: JsonWords
  readonly #onResult: (result: JsonResult) => void
  readonly #lexer: JsonLexer
  readonly #parser: JsonParser
  #tokens = 0
  #bytes = 0
  #braces = 0
  #brackets = 0
  /** What came of the value although it is not over: nothing more of it is looked at. */
  #result: JsonResult | undefined

  constructor(
    onResult: (result: JsonResult) => void,
    limits: JsonLimits = QEMU_JSON_LIMITS,
    words: JsonWords = PLAIN_WORDS,
  ) {
    this.#onResult = onResult
    this.#limits = limits
    this.#words = words
    this.#lexer = new JsonLexer(limits.bytes, (token) => this.#add(token))
    this.#parser = new JsonParser(words)
  }

  feed(bytes: Uint8Array): void {
    this.#lexer.feed(bytes)
  }

  /** Nothing more comes: a value that is not over is wrong. */
  end(): void {
    this.#lexer.end()
    if (this.#tokens === 0) return
    const result = this.#result
    this.#reset()
    if (result === undefined || 'value' in result) {
      this.#onResult(this.#parseError(this.#words.endOfInput, this.#lexer.place))
    } else if (!this.#words.hasPlaces) this.#onResult(result)
  }

  #add(token: Token): void {
    const size = Math.max(1, token.text.length)
    if (token.type === '{') this.#braces++
    if (token.type === '}') this.#braces--
    if (token.type === '[') this.#brackets++
    if (token.type === ']') this.#brackets--

    const isSkipping = this.#words.hasPlaces && this.#result !== undefined
    if (token.type === 'stray' && isSkipping) this.#reset()
    else if (isSkipping) this.#finishIfClosed()
    else if (this.#bytes + size + 1 > this.#limits.bytes) this.#abort('JSON token size limit exceeded')
    else if (token.type === 'stray') {
      this.#reset()
      this.#onResult(this.#parseError(`stray '${showText(token.text)}'`, this.#lexer.tokenPlace))
    } else if (this.#tokens + 1 > this.#limits.tokens) this.#abort('JSON token count limit exceeded')
    else if (this.#braces + this.#brackets > this.#limits.depth) this.#abort('JSON nesting depth limit exceeded')
    else {
      this.#tokens++
      this.#bytes += size
      if (this.#result === undefined) this.#parse(token)
      this.#finishIfClosed()
    }
  }

  #parse(token: Token): void {
    const step = this.#parser.take(token)
    if (step === undefined) return
    this.#result = 'value' in step ? step : this.#parseError(step.failure, this.#lexer.tokenPlace)
    if (this.#words.hasPlaces && 'error' in this.#result) this.#onResult(this.#result)
  }

  /** A limit is exceeded: what follows counts as a new value, or, where errors have places, as the rest of this one. */
  #abort(error: string): void {
    if (this.#words.hasPlaces) this.#result = { error }
    else this.#reset()
    this.#onResult({ error })
  }

  #finishIfClosed(): void {
    if (this.#braces >= 0 && this.#brackets >= 0 && this.#braces + this.#brackets > 0) return
    const result = this.#result
    this.#reset()
    if (result !== undefined && !(this.#words.hasPlaces && 'error' in result)) this.#onResult(result)
  }

  #reset(): void {
    this.#parser.reset()
    this.#result = undefined
    this.#tokens = 0
    this.#bytes = 0
    this.#braces = 0
    this.#brackets = 0
  }

  #parseError(failure: string, place: string): JsonResult {
    const prefix = this.#words.hasPlaces ? `${place}: ` : ''
    return { error: `${prefix}JSON parse error, ${failure.slice(0, LONGEST_FAILURE)}` }
  }
}
