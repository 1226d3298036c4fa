// Reads and writes the words of qtest's lines: numbers, addresses, data in hexadecimal and base64.

import { parseCInteger } from '../../common/c-integer.js'
import { hex, hexDigits } from '../../common/hex.js'

/** A word that QEMU aborts on; here it becomes the ERR line that says what is wrong. */
export class QtestError extends Error {
  override readonly name = 'QtestError'
}

const WORD_BITS = 64

/** Takes the words of a command one after another. */
export class QtestWords {
  readonly #command: string
  readonly #words: readonly string[]
  #next = 0

  constructor(command: string, words: readonly string[]) {
    this.#command = command
    this.#words = words
  }

  /** The next word as it is. */
  text(name: string): string {
    const word = this.#words[this.#next++]
    if (word === undefined) throw new QtestError(`${this.#command}: ${name} is missing`)
    return word
  }

  /** The next word as a number of 64 bits, read as C's `strtoull` reads it with base 0: -1 is all ones. */
  number(name: string): bigint {
    const word = this.text(name)
    const value = parseCInteger(word)
    if (value === undefined) {
      throw new QtestError(
        `${this.#command}: ${name} must be a number such as 1285, 0x505 or 02405, got ${quote(word)}`,
      )
    }
    if (value === 'too large') {
      throw new QtestError(`${this.#command}: ${name} must fit 64 bits, got ${quote(word)}`)
    }
    return BigInt.asUintN(WORD_BITS, value)
  }

  /** The next word as a port, 0..0xffff. */
  port(): number {
    return Number(this.#atMost('port', 0xffffn))
  }

  /** The next word as a number of bytes, 0..`limit`. */
  size(limit: number): number {
    return Number(this.#atMost('size', BigInt(limit)))
  }

  /** Whether another word follows. */
  get hasMore(): boolean {
    return this.#next < this.#words.length
  }

  #atMost(name: string, limit: bigint): bigint {
    const value = this.number(name)
    if (value > limit) {
      throw new QtestError(`${this.#command}: ${name} must be at most ${hex(limit)}, got ${hex(value)}`)
    }
    return value
  }
}

/** A word as a message shows it: short, and printable. */
export function quote(word: string): string {
  return JSON.stringify(word.length > 40 ? `${word.slice(0, 40)}...` : word).replace(/[^ -~]/g, '?')
}

const HEX_BYTES = Array.from({ length: 256 }, (_, byte) => hexDigits(byte, 2))

/** Bytes as hexadecimal digits, in memory order. */
export function writeHex(bytes: Uint8Array): string {
  let digits = ''
  for (const byte of bytes) digits += HEX_BYTES[byte]
  return digits
}

/**
 * The `size` bytes that a word such as `0x0102` means. As in QEMU the first two characters are skipped whatever they
 * are, what is missing is 0, and a character that is no digit counts as -1.
 */
export function readHex(word: string, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => {
    const high = word[2 + 2 * index]
    const low = word[3 + 2 * index]
    return high === undefined || low === undefined ? 0 : (nibble(high) << 4) | nibble(low)
  })
}

function nibble(digit: string): number {
  const value = Number.parseInt(digit, 16)
  return Number.isNaN(value) ? -1 : value
}

/**
 * The `size` bytes that a word in base64 means. As in QEMU, which decodes in place, characters that are no digits are
 * skipped, and what the digits do not fill are the word's own characters; beyond them it is 0.
 */
export function readBase64(word: string, size: number): Uint8Array {
  const digits = word.replace(/[^A-Za-z0-9+/]/g, '')
  const whole = digits.slice(0, digits.length - (digits.length % 4 === 1 ? 1 : 0))
  const decoded = atob(whole)
  const inPlace = (decoded + word.slice(decoded.length)).slice(0, size)
  return Uint8Array.from({ length: size }, (_, index) => (index < inPlace.length ? inPlace.charCodeAt(index) : 0))
}

export function writeBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
}
