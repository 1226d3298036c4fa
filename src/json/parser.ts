// Puts JSON tokens together to a value, one after another, and says which token is wrong and why.

import type { Token } from './lexer.js'
import { BadString, readString } from './string.js'
import type { JsonValue } from './value.js'

/** How a version of QEMU says what is wrong. */
export interface JsonWords {
  /** Errors begin with the line and the column, and come with the token that is wrong; else when the value is over. */
  readonly hasPlaces: boolean
  readonly noColon: string
  readonly noObjectSeparator: string
  readonly noArraySeparator: string
  readonly endOfInput: string
}

/** QEMU up to 10.0. */
export const PLAIN_WORDS: JsonWords = {
  hasPlaces: false,
  noColon: 'missing : in object pair',
  noObjectSeparator: 'expected separator in dict',
  noArraySeparator: 'expected separator in list',
  endOfInput: 'premature EOI',
}

/** QEMU 11.1. */
export const WORDS_WITH_PLACES: JsonWords = {
  hasPlaces: true,
  noColon: "expecting ':'",
  noObjectSeparator: "expected ',' or '}'",
  noArraySeparator: "expected ',' or ']'",
  endOfInput: 'premature end of input',
}

/** An object or array that is not over yet. */
type Container =
  | { readonly kind: 'array'; readonly elements: JsonValue[]; expects: 'first' | 'value' | 'separator' }
  | {
      readonly kind: 'object'
      readonly members: Map<string, JsonValue>
      key: string
      expects: 'first' | 'key' | 'colon' | 'value' | 'separator'
    }

/** What came of a token: a complete value, what is wrong, or nothing yet. */
export type ParseStep = { readonly value: JsonValue } | { readonly failure: string } | undefined

/** Parses one value after another. Depth costs memory, but no recursion. It throws nothing: a client can make it fail without end. */
export class JsonParser {
  readonly #words: JsonWords
  #open: Container[] = []

  constructor(words: JsonWords) {
    this.#words = words
  }

  /** Forgets what is not over yet. */
  reset(): void {
    this.#open = []
  }

  take(token: Token): ParseStep {
    const container = this.#open.at(-1)
    if (container === undefined) return this.#value(token)
    return container.kind === 'array' ? this.#inArray(container, token) : this.#inObject(container, token)
  }

  #inArray(array: Extract<Container, { kind: 'array' }>, token: Token): ParseStep {
    if (token.type === ']' && array.expects !== 'value') return this.#close(array.elements)
    if (array.expects !== 'separator') return this.#value(token)
    if (token.type !== ',') return { failure: this.#words.noArraySeparator }
    array.expects = 'value'
    return undefined
  }

  #inObject(object: Extract<Container, { kind: 'object' }>, token: Token): ParseStep {
    switch (object.expects) {
      case 'first':
        return token.type === '}' ? this.#close(object.members) : this.#key(token)
      case 'key':
        return this.#key(token)
      case 'colon':
        if (token.type !== ':') return { failure: this.#words.noColon }
        object.expects = 'value'
        return undefined
      case 'value':
        return this.#value(token)
      default:
        if (token.type === '}') return this.#close(object.members)
        if (token.type !== ',') return { failure: this.#words.noObjectSeparator }
        object.expects = 'key'
        return undefined
    }
  }

  #key(token: Token): ParseStep {
    return this.#words.hasPlaces && token.type !== 'string' ? { failure: 'expecting key' } : this.#value(token)
  }

  #value(token: Token): ParseStep {
    switch (token.type) {
      case '{':
        this.#open.push({ kind: 'object', members: new Map(), key: '', expects: 'first' })
        return undefined
      case '[':
        this.#open.push({ kind: 'array', elements: [], expects: 'first' })
        return undefined
      case 'string':
        return this.#string(token.text)
      case 'integer':
        return this.#complete(readInteger(showText(token.text)))
      case 'float':
        return this.#complete(Number(showText(token.text)))
      case 'keyword':
        return this.#keyword(showText(token.text))
      default:
        return { failure: 'expecting value' }
    }
  }

  #string(text: Uint8Array): ParseStep {
    try {
      return this.#complete(readString(text))
    } catch (error) {
      if (!(error instanceof BadString)) throw error
      return { failure: error.message }
    }
  }

  #keyword(text: string): ParseStep {
    if (text === 'true') return this.#complete(true)
    if (text === 'false') return this.#complete(false)
    return text === 'null' ? this.#complete(null) : { failure: `invalid keyword '${text}'` }
  }

  #close(value: JsonValue): ParseStep {
    this.#open.pop()
    return this.#complete(value)
  }

  /** Puts a value where it belongs. */
  #complete(value: JsonValue): ParseStep {
    const container = this.#open.at(-1)
    if (container === undefined) return { value }
    if (container.kind === 'array') container.elements.push(value)
    else if (container.expects !== 'value') {
      if (typeof value !== 'string') return { failure: 'key is not a string in object' }
      container.key = value
      container.expects = 'colon'
      return undefined
    } else if (container.members.has(container.key)) return { failure: 'duplicate key' }
    else container.members.set(container.key, value)
    container.expects = 'separator'
    return undefined
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
export function showText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return new TextDecoder().decode(end === -1 ? bytes : bytes.subarray(0, end))
}
