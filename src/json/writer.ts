// Writes JSON to the byte as QEMU's monitor does: separators, member order, escapes, number formats.

import type { JsonValue } from './value.js'

/** What can be written: what was read, and plain objects. Members that are undefined are left out. */
export type Writable = JsonValue | { readonly [name: string]: Writable | undefined } | readonly Writable[]

/** The value on one line, without a line end. All of it is ASCII. */
export function writeJson(value: Writable): string {
  if (typeof value === 'string') return writeString(value)
  if (typeof value === 'number') return writeNumber(value)
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value)) return `[${value.map(writeJson).join(', ')}]`
  const members: [string, Writable | undefined][] = value instanceof Map ? [...value] : Object.entries(value)
  return `{${inQemusOrder(members.filter(isPresent))
    .map(([name, member]) => `${writeString(name)}: ${writeJson(member)}`)
    .join(', ')}}`
}

function isPresent(member: [string, Writable | undefined]): member is [string, Writable] {
  return member[1] !== undefined
}

/** The members in the order of the table that QEMU keeps them in. */
export function inQemusOrder<Value>(
  members: readonly (readonly [string, Value])[],
): readonly (readonly [string, Value])[] {
  if (members.length < 2) return members
  // Within a bucket QEMU puts the newest first.
  return members
    .toReversed()
    .map((member) => ({ member, bucket: bucketOf(member[0]) }))
    .sort((a, b) => a.bucket - b.bucket)
    .map(({ member }) => member)
}

const BUCKETS = 512
const utf8 = new TextEncoder()

/** QEMU keeps an object's members in a hash table and writes them by bucket; this is its hash function. */
function bucketOf(name: string): number {
  const bytes = utf8.encode(name)
  let hash = Math.imul(0x238f13af, bytes.length)
  for (const [index, byte] of bytes.entries()) hash = (hash + (byte << ((index * 5) % 24))) | 0
  return ((Math.imul(1103515243, hash) + 12345) >>> 0) % BUCKETS
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

function writeString(text: string): string {
  let written = '"'
  let from = 0
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit >= 0x20 && unit < 0x7f && unit !== 0x22 && unit !== 0x5c) continue
    written += text.slice(from, at) + (SHORT_ESCAPES[text.charAt(at)] ?? escapeUnit(unit))
    from = at + 1
  }
  return `${written}${text.slice(from)}"`
}

const HEX_BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).toUpperCase().padStart(2, '0'))

function escapeUnit(unit: number): string {
  return `\\u${HEX_BYTES[unit >> 8]}${HEX_BYTES[unit & 0xff]}`
}

const DIGITS = 17

/** As C's `%.17g`, which shows every double exactly. For infinity that is no JSON: a number that reads back as it. */
function writeNumber(value: number): string {
  if (!Number.isFinite(value)) return value < 0 ? '-1e999' : '1e999'
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  const [mantissa = '', exponent = '0'] = value.toExponential(DIGITS - 1).split('e')
  const power = Number(exponent)
  if (power < -4 || power >= DIGITS) {
    const digits = String(Math.abs(power)).padStart(2, '0')
    return `${withoutTrailingZeros(mantissa)}e${power < 0 ? '-' : '+'}${digits}`
  }
  return withoutTrailingZeros(value.toFixed(Math.min(100, DIGITS - 1 - power)))
}

function withoutTrailingZeros(digits: string): string {
  return digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits
}
