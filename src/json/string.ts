// Reads the inside of a JSON string: escapes, and the UTF-8 that QEMU accepts.

/** A string that QEMU's parser refuses; the message is QEMU's, after "JSON parse error, ". */
export class BadString extends Error {
  override readonly name = 'BadString'
}

const BACKSLASH = 0x5c
const SMALL_U = 0x75
const HEX_DIGITS = 4
/** Of `\uXXXX`. */
const UNIT_LENGTH = 2 + HEX_DIGITS

const ESCAPES: ReadonlyMap<number, number> = new Map(
  Object.entries({ '"': '"', "'": "'", '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }).map(
    ([letter, meaning]) => [letter.charCodeAt(0), meaning.charCodeAt(0)],
  ),
)

/**
 * @param text the string with its quotes.
 * @throws {BadString}
 */
export function readString(text: Uint8Array): string {
  const inside = text.subarray(1, -1)
  const runs: string[] = []
  for (let at = 0; at < inside.length; ) {
    const backslash = inside.indexOf(BACKSLASH, at)
    const end = backslash === -1 ? inside.length : backslash
    if (end > at) runs.push(decodeUtf8(inside.subarray(at, end)))
    if (backslash === -1) break
    const { character, length } = readEscape(inside, backslash, text)
    runs.push(character)
    at = backslash + length
  }
  return runs.join('')
}

interface Escape {
  readonly character: string
  /** Bytes that it took. */
  readonly length: number
}

function readEscape(inside: Uint8Array, at: number, text: Uint8Array): Escape {
  const letter = inside[at + 1] ?? 0
  if (letter !== SMALL_U) {
    const meaning = ESCAPES.get(letter)
    if (meaning === undefined) throw new BadString('invalid escape sequence in string')
    return { character: String.fromCharCode(meaning), length: 2 }
  }
  const unit = readHex(inside, at + 2)
  const low = isLeadingSurrogate(unit) ? readTrailingSurrogate(inside, at + UNIT_LENGTH) : undefined
  const length = low === undefined ? UNIT_LENGTH : 2 * UNIT_LENGTH
  const code = low === undefined ? unit : 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00)
  if (isCharacter(code)) return { character: String.fromCodePoint(code), length }
  // Wherever the string ends: its closing quote can be among what QEMU shows.
  const shown = new TextDecoder().decode(text.subarray(at + 1, at + 1 + length))
  throw new BadString(`${shown} is not a valid Unicode character`)
}

/** Four hexadecimal digits as a number; -1 if they are not that. */
function readHex(bytes: Uint8Array, at: number): number {
  const digits = String.fromCharCode(...bytes.subarray(at, at + HEX_DIGITS))
  return /^[0-9a-fA-F]{4}$/.test(digits) ? Number.parseInt(digits, 16) : -1
}

function isLeadingSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff
}

function readTrailingSurrogate(bytes: Uint8Array, at: number): number | undefined {
  if (bytes[at] !== BACKSLASH || bytes[at + 1] !== SMALL_U) return undefined
  const unit = readHex(bytes, at + 2)
  return unit >= 0xdc00 && unit <= 0xdfff ? unit : undefined
}

/** No surrogate, and none of the code points that Unicode keeps for no character at all. */
function isCharacter(code: number): boolean {
  const isSurrogate = code >= 0xd800 && code <= 0xdfff
  const isNonCharacter = (code & 0xfffe) === 0xfffe || (code >= 0xfdd0 && code <= 0xfdef)
  return code >= 0 && !isSurrogate && !isNonCharacter
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decodeUtf8(bytes: Uint8Array): string {
  let text: string
  try {
    text = strictUtf8.decode(bytes)
  } catch {
    text = decodeWithLongNul(bytes)
  }
  for (const character of text) {
    if (!isCharacter(character.codePointAt(0) ?? 0)) throw badUtf8()
  }
  return text
}

/** The bytes 0xc0 0x80 mean NUL, as they do in memory that keeps strings with an end mark. */
function decodeWithLongNul(bytes: Uint8Array): string {
  const runs: Uint8Array[] = []
  let from = 0
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] !== 0xc0 || bytes[at + 1] !== 0x80) continue
    runs.push(bytes.subarray(from, at))
    from = at + 2
    at++
  }
  runs.push(bytes.subarray(from))
  try {
    return runs.map((run) => strictUtf8.decode(run)).join('\0')
  } catch {
    throw badUtf8()
  }
}

function badUtf8(): BadString {
  return new BadString('invalid UTF-8 sequence in string')
}
