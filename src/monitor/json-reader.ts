// Reads a stream of JSON values as QEMU's monitor does: its leniencies, its limits, its words for what is wrong.

import { JsonLexer, type Token } from './json-lexer.js'
import { BadString, readString } from './json-string.js'
import type { JsonValue } from './json-value.js'

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

class ParseError extends Error {
  override readonly name = 'ParseError'
}

function parse(tokens: readonly Token[]): JsonResult {
  try {
    return { value: new Parser(tokens).value() }
  } catch (error) {
    if (!(error instanceof ParseError || error instanceof BadString)) throw error
    return { error: `JSON parse error, ${error.message}` }
  }
}

/** Parses one value out of its tokens. The reader's limit on depth bounds the recursion. */
class Parser {
  readonly #tokens: readonly Token[]
  #next = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  value(): JsonValue {
    const { type, text } = this.#take()
    switch (type) {
      case '{':
        return this.#object()
      case '[':
        return this.#array()
      case 'string':
        return readString(text)
      case 'integer':
        return readInteger(showText(text))
      case 'float':
        return Number(showText(text))
      case 'keyword':
        return readKeyword(showText(text))
      default:
        throw new ParseError('expecting value')
    }
  }

  #object(): JsonValue {
    const members = new Map<string, JsonValue>()
    if (this.#peek() === '}') {
      this.#take()
      return members
    }
    do {
      const key = this.value()
      if (typeof key !== 'string') throw new ParseError('key is not a string in object')
      if (this.#take().type !== ':') throw new ParseError('missing : in object pair')
      const value = this.value()
      if (members.has(key)) throw new ParseError('duplicate key')
      members.set(key, value)
    } while (this.#goesOn('}', 'expected separator in dict'))
    return members
  }

  #array(): JsonValue {
    const elements: JsonValue[] = []
    if (this.#peek() === ']') {
      this.#take()
      return elements
    }
    do elements.push(this.value())
    while (this.#goesOn(']', 'expected separator in list'))
    return elements
  }

  #goesOn(end: '}' | ']', otherwise: string): boolean {
    const { type } = this.#take()
    if (type !== end && type !== ',') throw new ParseError(otherwise)
    return type === ','
  }

  #peek(): Token['type'] | undefined {
    return this.#tokens[this.#next]?.type
  }

  #take(): Token {
    const token = this.#tokens[this.#next++]
    if (token === undefined) throw new ParseError('premature EOI')
    return token
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

function readKeyword(text: string): JsonValue {
  if (text === 'true') return true
  if (text === 'false') return false
  if (text === 'null') return null
  throw new ParseError(`invalid keyword '${text}'`)
}

/** Bytes that are no UTF-8 show as U+FFFD; a NUL ends the text. */
function showText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return new TextDecoder().decode(end === -1 ? bytes : bytes.subarray(0, end))
}
