// Random JSON: what is valid must be read as JSON.parse reads it, and nothing may make the reader throw or stall.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PLAIN_WORDS, WORDS_WITH_PLACES } from '../../src/json/parser.js'
import { JsonReader, type JsonResult } from '../../src/json/reader.js'
import { isJsonObject, type JsonValue } from '../../src/json/value.js'
import { writeJson } from '../../src/json/writer.js'

function read(bytes: Uint8Array, cuts: readonly number[] = []): JsonResult[] {
  const results: JsonResult[] = []
  const reader = new JsonReader((result) => results.push(result))
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
  let from = 0
  for (const end of ends) {
    reader.feed(bytes.subarray(from, end))
    from = end
  }
  return results
}

/** As JSON.parse would have given it. */
function plain(value: JsonValue): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (Array.isArray(value)) return value.map(plain)
  return isJsonObject(value) ? Object.fromEntries([...value].map(([name, member]) => [name, plain(member)])) : value
}

/** Strings without what QEMU refuses: lone surrogates, and code points that are no characters. */
const text = fc.string({ unit: 'binary' }).filter((string) => {
  return [...string].every((character) => {
    const code = character.codePointAt(0) ?? 0
    return (code & 0xfffe) !== 0xfffe && (code < 0xfdd0 || code > 0xfdef)
  })
})
const value: fc.Memo<fc.JsonValue> = fc.memo((depth) => {
  const scalar = fc.oneof(fc.boolean(), fc.constant(null), text, fc.double({ noDefaultInfinity: true, noNaN: true }))
  return depth > 1 ? fc.oneof(scalar, fc.array(value()), fc.dictionary(text, value())) : scalar
})
const object = fc.dictionary(text, value(4))

describe('the JSON reader', () => {
  it('reads valid objects as JSON.parse does, whatever pieces they come in', () => {
    fc.assert(
      fc.property(object, fc.array(fc.nat(), { maxLength: 5 }), fc.constantFrom(0, 2), (value, cuts, indent) => {
        const json = JSON.stringify(value, undefined, indent)
        const results = read(Buffer.from(json), cuts)
        expect(results).toHaveLength(1)
        const [result] = results
        expect(result !== undefined && 'value' in result ? plain(result.value) : result).toEqual(JSON.parse(json))
      }),
      { numRuns: 500 },
    )
  })

  it('reads back what the writer wrote, integers of 64 bits included', () => {
    const integer = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n })
    const value = fc.dictionary(text, fc.oneof(text, integer, fc.boolean(), fc.constant(null), fc.array(integer)))
    fc.assert(
      fc.property(value, (members) => {
        const map = new Map<string, JsonValue>(Object.entries(members))
        const [result] = read(Buffer.from(writeJson(map)))
        expect(
          result !== undefined && 'value' in result && isJsonObject(result.value) && new Map([...result.value]),
        ).toEqual(map)
      }),
      { numRuns: 300 },
    )
  })

  it('gives doubles back as they were', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Number(writeJson(value))).toBe(value)
      }),
    )
  })

  it('finds its way back from any bytes by 0xff and a line end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const results = read(Uint8Array.from([...bytes, 0xff, 0x0a, ...Buffer.from('{"a":1}')]))
        expect(results.at(-1)).toEqual({ value: new Map([['a', 1n]]) })
      }),
      { numRuns: 500 },
    )
  })
})

describe('the end of input', () => {
  // As QEMU 7.2 and 11.1 say of `-device` with such an argument.
  it.each([
    ['{"driver":"pvpanic"', 'JSON parse error, premature EOI', '1:20: JSON parse error, premature end of input'],
    ['{"driver":"pvpanic', `JSON parse error, stray '"pvpanic'`, `1:11: JSON parse error, stray '"pvpanic'`],
    ['{"driver" "x"', 'JSON parse error, missing : in object pair', "1:11: JSON parse error, expecting ':'"],
  ])('of %s is an error', (text, plain, withPlace) => {
    for (const [words, error] of [[PLAIN_WORDS, plain] as const, [WORDS_WITH_PLACES, withPlace] as const]) {
      const results: JsonResult[] = []
      const reader = new JsonReader((result) => results.push(result), undefined, words)
      reader.feed(Buffer.from(text))
      reader.end()
      expect(results).toEqual([{ error }])
    }
  })

  it('after a value, or before any, is none', () => {
    const results: JsonResult[] = []
    const reader = new JsonReader((result) => results.push(result))
    reader.end()
    reader.feed(Buffer.from('{} 1'))
    reader.end()
    expect(results).toEqual([{ value: new Map() }, { value: 1n }])
  })
})
