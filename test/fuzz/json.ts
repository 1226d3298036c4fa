// The monitor's JSON reader beside the language's own: what JSON.parse takes, it takes for the same value.

import { deepStrictEqual } from 'node:assert'
import { JsonReader, type JsonResult } from '../../src/json/reader.js'
import type { JsonValue } from '../../src/json/value.js'
import type { Random } from '../random.js'
import { inPieces, mutateText } from './mutate.js'
import type { FuzzTarget, Tally } from './target.js'

const VALUES = 40

function run(random: Random, tally: Tally): void {
  for (let left = VALUES; left > 0; left--) {
    const whole = `[${JSON.stringify(make(random, 0))}]`
    const text = random.chance(0.4)
      ? mutateText(random, whole, ['"', '\\u0041', ',', '0', '1.5', ' ', '[', '}'])
      : whole
    const bytes = new TextEncoder().encode(text)
    const results = read([bytes])
    deepStrictEqual(read(inPieces(random, bytes)), results)
    tally.inputs++
    const expected = parseByLanguage(text)
    // As text: to QMP, -0 is the integer 0.
    if (expected !== undefined) deepStrictEqual(JSON.stringify(results.map(plain)), JSON.stringify([expected]))
  }
}

function read(pieces: Iterable<Uint8Array>): JsonResult[] {
  const results: JsonResult[] = []
  const reader = new JsonReader((result) => results.push(result))
  for (const piece of pieces) reader.feed(piece)
  return results
}

/** What JSON.parse makes of a text; undefined for one that is no JSON or that QMP refuses on purpose. */
function parseByLanguage(text: string): unknown {
  // QMP knows no NUL in a string, no half of a surrogate pair, no name twice, and no control characters between values.
  if (/\\u0000|\\u[dD][89a-fA-F]|[\ud800-\udfff]|[^ -~]/.test(text)) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) && !hasNameTwice(text) ? value : undefined
  } catch {
    return undefined
  }
}

const hasNameTwice = (text: string) => {
  const names = [...text.matchAll(/"((?:[^"\\]|\\.)*)"\s*:/g)].map(([, name]) => name)
  return new Set(names).size < names.length
}

function plain(result: JsonResult): unknown {
  return 'error' in result ? result : plainValue(result.value)
}

function plainValue(value: JsonValue): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (value instanceof Map) return Object.fromEntries([...value].map(([name, member]) => [name, plainValue(member)]))
  return Array.isArray(value) ? value.map(plainValue) : value
}

function make(random: Random, depth: number): unknown {
  // biome-ignore format: a table
  switch (random.below(depth > 4 ? 5 : 7)) {
    case 0: return random.pick([null, true, false])
    case 1: return random.below(2 ** 32) * random.pick([1, -1, 0.5, 1e9, 1e-9])
    case 2: case 3: return random.pick(['', 'text', 'q"uote', 'back\\slash', '/', '\n', '\u007f', '\u00fc', '\u{1F600}'])
    case 4: return random.below(100)
    case 5: return Array.from({ length: random.below(5) }, () => make(random, depth + 1))
    default: return Object.fromEntries(Array.from({ length: random.below(4) }, (_, i) => [`n${i}`, make(random, depth + 1)]))
  }
}

export const jsonTarget: FuzzTarget = { name: 'json', run }
