// Reads a stream of JSON values as QEMU's monitor does: its leniencies, its limits, its words for what is wrong.

import { JsonLexer, type Token } from './lexer.js'
import { BadString, readString } from './string.js'
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

/**
 * Feed it bytes in pieces of any size; it calls `onResult` for each value, or for what was wrong with it. No line end is
 * needed after an object or array. Strings may have single quotes. After an error it goes on with what follows.
 */
export class JsonReader {
  readonly #limits: JsonLimits
  readonly #onResult: (result: JsonResult) => void
  readonly #lexer: JsonLexer
  #tokens: Token[] = []
  #bytes = 0
  #braces = 0
  #brackets = 0

  constructor(onResult: (result: JsonResult) => void, limits: JsonLimits = QEMU_JSON_LIMITS) {
    this.#onResult = onResult
    this.#limits = limits
    this.#lexer = new JsonLexer(limits.bytes, (token) => this.#add(token))
  }

  feed(bytes: Uint8Array): void {
    this.#lexer.feed(bytes)
  }

  #add(token: Token): void {
    const size = Math.max(1, token.text.length)
    if (token.type === '{') this.#braces++
    if (token.type === '}') this.#braces--
    if (token.type === '[') this.#brackets++
    if (token.type === ']') this.#brackets--

    if (this.#bytes + size + 1 > this.#limits.bytes) this.#finish({ error: 'JSON token size limit exceeded' })
    else if (token.type === 'stray') this.#finish({ error: `JSON parse error, stray '${showText(token.text)}'` })
    else if (this.#tokens.length + 1 > this.#limits.tokens) this.#finish({ error: 'JSON token count limit exceeded' })
    else if (this.#braces + this.#brackets > this.#limits.depth) {
      this.#finish({ error: 'JSON nesting depth limit exceeded' })
    } else {
      this.#tokens.push(token)
      this.#bytes += size
      const isOpen = this.#braces >= 0 && this.#brackets >= 0 && this.#braces + this.#brackets > 0
      if (!isOpen) this.#finish(parse(this.#tokens))
    }
  }

  #finish(result: JsonResult): void {
    this.#tokens = []
    this.#bytes = 0
    this.#braces = 0
    this.#brackets = 0
    this.#onResult(result)
  }
}

/** Characters that QEMU has for what it says of a value. */
const LONGEST_FAILURE = 1023

function parse(tokens: readonly Token[]): JsonResult {
  const parser = new Parser(tokens)
  const value = parser.value()
  return value === undefined ? { error: `JSON parse error, ${parser.failure.slice(0, LONGEST_FAILURE)}` } : { value }
}

/**
 * Parses one value out of its tokens; undefined if they are none. It throws nothing, since a client can make it fail a
 * million times a second. The reader's limit on depth bounds the recursion.
 */
class Parser {
  readonly #tokens: readonly Token[]
  #next = 0
  /** Why there is no value. */
  failure = 'premature EOI'

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  value(): JsonValue | undefined {
    const token = this.#take()
    switch (token?.type) {
      case '{':
        return this.#object()
      case '[':
        return this.#array()
      case 'string':
        return this.#string(token.text)
      case 'integer':
        return readInteger(showText(token.text))
      case 'float':
        return Number(showText(token.text))
      case 'keyword':
        return this.#keyword(showText(token.text))
      case undefined:
        return undefined
      default:
        return this.#fail('expecting value')
    }
  }

  #object(): JsonValue | undefined {
    const members = new Map<string, JsonValue>()
    if (this.#takeIf('}')) return members
    do {
      const key = this.value()
      if (key === undefined) return undefined
      if (typeof key !== 'string') return this.#fail('key is not a string in object')
      if (!this.#takeIf(':')) return this.#fail('missing : in object pair')
      const value = this.value()
      if (value === undefined) return undefined
      if (members.has(key)) return this.#fail('duplicate key')
      members.set(key, value)
    } while (this.#takeIf(','))
    return this.#takeIf('}') ? members : this.#fail('expected separator in dict')
  }

  #array(): JsonValue | undefined {
    const elements: JsonValue[] = []
    if (this.#takeIf(']')) return elements
    do {
      const value = this.value()
      if (value === undefined) return undefined
      elements.push(value)
    } while (this.#takeIf(','))
    return this.#takeIf(']') ? elements : this.#fail('expected separator in list')
  }

  #string(text: Uint8Array): string | undefined {
    try {
      return readString(text)
    } catch (error) {
      if (!(error instanceof BadString)) throw error
      return this.#fail(error.message)
    }
  }

  #keyword(text: string): JsonValue | undefined {
    if (text === 'true') return true
    if (text === 'false') return false
    return text === 'null' ? null : this.#fail(`invalid keyword '${text}'`)
  }

  #fail(failure: string): undefined {
    this.failure = failure
  }

  #take(): Token | undefined {
    return this.#tokens[this.#next++]
  }

  #takeIf(type: Token['type']): boolean {
    if (this.#tokens[this.#next]?.type !== type) return false
    this.#next++
    return true
  }
}

const SMALLEST_INTEGER = -(1n << 63n)
const LARGEST_INTEGER = (1n << 64n) - 1n
/** The longest of them, '-9223372036854775808', has this many characters: longer ones are not worth a bigint. */
const INTEGER_CHARACTERS = 20

function readInteger(text: string): JsonValue {
  if (text.length > INTEGER_CHARACTERS) return Number(text)
  const value = BigInt(text)
  return value < SMALLEST_INTEGER || value > LARGEST_INTEGER ? Number(text) : value
}

/** Bytes that are no UTF-8 show as U+FFFD; a NUL ends the text. */
function showText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return new TextDecoder().decode(end === -1 ? bytes : bytes.subarray(0, end))
}
