// Reads what follows a human monitor command: an access size and numbers, with QEMU's words for what is wrong.

import { parseCInteger } from '../../common/c-integer.js'

/** What was typed makes no sense; the message is QEMU's line about it. */
export class HmpError extends Error {
  override readonly name = 'HmpError'
}

/** Bytes of an access by the letter that asks for them; the other letters ask for a way of printing, which `i` ignores. */
const SIZES: Readonly<Record<string, number>> = { b: 1, h: 2, w: 4, g: 8, L: 8 }
const FORMATS = 'odxuic'

/** What follows the blanks that a text begins with; only ASCII has blanks for QEMU. */
export function skipBlanks(text: string): string {
  return text.replace(/^[ \t-\r]+/, '')
}

/** A character as a message shows it, which has room for one byte of it. */
function firstByte(text: string): string {
  return text.charCodeAt(0) < 0x80 ? text.charAt(0) : '\ufffd'
}

/** Takes one argument after another off a command's line. */
export class HmpArguments {
  readonly #command: string
  #rest: string

  constructor(command: string, rest: string) {
    this.#command = command
    this.#rest = rest
  }

  /** The size in a format such as `/b` or `/2xw`, if there is one that tells it. */
  size(): number | undefined {
    this.#skipBlanks()
    if (!this.#rest.startsWith('/')) return undefined
    const [format = '', letters = '', next = ''] = /^\/\d*([bhwgLodxuic]*)([^ \t-\r]?)/su.exec(this.#rest) ?? []
    if (next !== '') throw new HmpError(`invalid char in format: '${firstByte(next)}'`)
    this.#rest = this.#rest.slice(format.length)
    const sizes = [...letters].filter((letter) => !FORMATS.includes(letter))
    return SIZES[sizes.at(-1) ?? '']
  }

  /** The next number, or sum of numbers, 0..0xffffffff. */
  integer(): number {
    let sum = this.#signed()
    for (let sign = this.#sign(); sign !== undefined; sign = this.#sign()) sum += sign * this.#signed()
    const value = BigInt.asUintN(64, sum)
    if (value > 0xffffffffn) throw new HmpError(`'${this.#command}' has failed: integer is for 32-bit values`)
    return Number(value)
  }

  end(): void {
    this.#skipBlanks()
    if (this.#rest !== '') throw new HmpError(`${this.#command}: extraneous characters at the end of line`)
  }

  #signed(): bigint {
    let sign = 1n
    for (let next = this.#sign(); next !== undefined; next = this.#sign()) sign *= next
    const [digits] = /^(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*)/.exec(this.#rest) ?? []
    if (digits === undefined) {
      throw new HmpError(
        this.#rest === '' ? 'unexpected end of expression' : `invalid char '${firstByte(this.#rest)}' in expression`,
      )
    }
    this.#rest = this.#rest.slice(digits.length)
    const value = parseCInteger(digits)
    if (typeof value !== 'bigint') throw new HmpError('number too large')
    return sign * value
  }

  #sign(): 1n | -1n | undefined {
    this.#skipBlanks()
    const [sign] = this.#rest
    if (sign !== '+' && sign !== '-') return undefined
    this.#rest = this.#rest.slice(1)
    return sign === '+' ? 1n : -1n
  }

  #skipBlanks(): void {
    this.#rest = skipBlanks(this.#rest)
  }
}
