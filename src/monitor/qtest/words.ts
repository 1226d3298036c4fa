// Reads and writes the words of qtest's lines: numbers, addresses, data in hexadecimal and base64.

import { parseCInteger } from '../../common/c-integer.js'
import { hex } from '../../common/hex.js'

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

const CHUNK = 8192

/** A character for each byte: a reply repeats a word of the client as it came. */
export function decodeBytes(bytes: Uint8Array): string {
  const chunks: string[] = []
  for (let from = 0; from < bytes.length; from += CHUNK) {
    chunks.push(Reflect.apply(String.fromCharCode, undefined, bytes.subarray(from, from + CHUNK)))
  }
  return chunks.join('')
}

/** A byte for each character, of which there are 256. */
export function encodeBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let index = 0; index < bytes.length; index++) bytes[index] = text.charCodeAt(index)
  return bytes
}

const ascii = new TextDecoder()
const HEX_DIGITS = encodeBytes('0123456789abcdef')

/** Bytes as hexadecimal digits, in memory order. */
export function writeHex(bytes: Uint8Array): string {
  const digits = new Uint8Array(2 * bytes.length)
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] ?? 0
    digits[2 * index] = HEX_DIGITS[byte >> 4] ?? 0
    digits[2 * index + 1] = HEX_DIGITS[byte & 15] ?? 0
  }
  return ascii.decode(digits)
}

/**
 * The `size` bytes that a word such as `0x0102` means. As in QEMU the first two characters are skipped whatever they
 * are, what is missing is 0, and a character that is no digit counts as -1.
 */
export function readHex(word: string, size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  const given = Math.min(size, (word.length - 2) >> 1)
  for (let index = 0; index < given; index++) {
    bytes[index] = (nibble(word.charCodeAt(2 + 2 * index)) << 4) | nibble(word.charCodeAt(3 + 2 * index))
  }
  return bytes
}

/** The value of a hexadecimal digit, by its character code. */
const NIBBLES = new Int8Array(256).fill(-1)
for (const [value, code] of HEX_DIGITS.entries()) NIBBLES[code] = value
for (const [value, code] of encodeBytes('ABCDEF').entries()) NIBBLES[code] = 10 + value

/** The value of a base64 digit, by its character code. */
const BASE64_VALUES = new Int8Array(256).fill(-1)
const BASE64_DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
for (const [value, code] of encodeBytes(BASE64_DIGITS).entries()) BASE64_VALUES[code] = value

function nibble(code: number): number {
  return NIBBLES[code] ?? -1
}

/**
 * The `size` bytes that a word in base64 means. As in QEMU, which decodes in place, characters that are no digits are
 * skipped, and what the digits do not fill are the word's own characters; beyond them it is 0.
 */
export function readBase64(word: string, size: number): Uint8Array {
  const bytes = encodeBytes(word)
  let decoded = 0
  let bits = 0
  let count = 0
  for (const code of bytes) {
    const digit = BASE64_VALUES[code] ?? -1
    if (digit === -1) continue
    bits = (bits << 6) | digit
    count += 6
    if (count < 8) continue
    count -= 8
    bytes[decoded++] = bits >> count
    bits &= (1 << count) - 1
  }
  const filled = new Uint8Array(size)
  filled.set(bytes.subarray(0, size))
  return filled
}

export function writeBase64(bytes: Uint8Array): string {
  return btoa(decodeBytes(bytes))
}
