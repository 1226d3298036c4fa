// Damage to bytes and texts, as a hostile or broken sender would do it.

import type { Random } from '../random.js'

const LONGEST_RUN = 40

/** A copy of `bytes` with one to four pieces changed, cut out, doubled or put in. */
export function mutateBytes(random: Random, bytes: Uint8Array): Uint8Array {
  let result = bytes
  for (let left = 1 + random.below(4); left > 0; left--) result = mutateOnce(random, result)
  return result
}

/** The same for a text: each character is one byte, or comes from `pieces`. */
export function mutateText(random: Random, text: string, pieces: readonly string[] = []): string {
  if (pieces.length === 0 || random.chance(0.3)) return latin1(mutateBytes(random, bytesOf(text)))
  const at = random.below(text.length + 1)
  const cut = random.chance(0.5) ? random.below(LONGEST_RUN) : 0
  return text.slice(0, at) + random.pick(pieces) + text.slice(at + cut)
}

function mutateOnce(random: Random, bytes: Uint8Array): Uint8Array {
  const at = random.below(bytes.length + 1)
  const run = bytes.subarray(at, at + random.below(LONGEST_RUN))
  const changed = bytes.slice()
  switch (random.below(6)) {
    case 0:
      if (at < bytes.length) changed[at] = random.below(0x100)
      return changed
    case 1:
      if (at < bytes.length) changed[at] = (bytes[at] ?? 0) ^ (1 << random.below(8))
      return changed
    case 2:
      return join(bytes.subarray(0, at), bytes.subarray(at + run.length))
    case 3:
      return join(bytes.subarray(0, at), run, bytes.subarray(at))
    case 4:
      return join(bytes.subarray(0, at), randomBytes(random, random.below(LONGEST_RUN)), bytes.subarray(at))
    default:
      return bytes.slice(0, at)
  }
}

export function randomBytes(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(0x100))
}

/** `bytes` in pieces of random sizes, empty ones among them. */
export function* inPieces(random: Random, bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; ) {
    const size = random.chance(0.5) ? random.below(4) : random.below(bytes.length + 1)
    yield bytes.slice(at, at + size)
    at += size
  }
}

export function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, 'latin1')
}

export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts)
}

/** Values at which programs break: at the ends of ranges, of other types, without an exact double, with side effects. */
export const NASTY_VALUES: readonly unknown[] = [
  undefined,
  null,
  true,
  '',
  '0',
  '__proto__',
  -1,
  -0,
  0,
  1,
  0.5,
  7,
  8,
  0x7f,
  0xff,
  0x100,
  0xffff,
  0x10000,
  0x1ffff,
  0x20000,
  0x20001,
  0xffffffff,
  2 ** 32,
  Number.MAX_SAFE_INTEGER,
  Number.MAX_SAFE_INTEGER + 1,
  Number.MIN_SAFE_INTEGER,
  1e308,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  5n,
  Symbol('odd'),
  () => 0,
  {},
  [],
  [[]],
  new Array(3),
  new Array(2 ** 32 - 1),
  new Date(0),
  new Map(),
  Object.create(null),
]
