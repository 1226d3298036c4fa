// Reads plain JSON data that may be damaged or foreign: a saved state and its members, each refused by its path.

import { checkInteger, OptionTypeError } from './check.js'
import { kindOf } from './kind-of.js'

/** Of anything that is counted: as many again can follow before a count is no exact integer. */
const LARGEST_COUNT = 2 ** 52

/** @throws {OptionTypeError} if `value` is no object, or an array. */
export function readObject(path: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new OptionTypeError(path, `expected an object, got ${Array.isArray(value) ? 'an array' : kindOf(value)}`)
  }
  return value as Record<string, unknown>
}

/**
 * The elements of an array of `min` to `max` elements, each read by `read`; a hole is read as undefined.
 * @throws {OptionTypeError | OptionRangeError}
 */
export function readArray<T>(
  path: string,
  value: unknown,
  min: number,
  max: number,
  read: (path: string, value: unknown, index: number) => T,
): readonly T[] {
  if (!Array.isArray(value)) throw new OptionTypeError(path, `expected an array, got ${typeof value}`)
  checkInteger(`${path}.length`, value.length, min, max)
  // Not `map`, which passes over holes.
  return Array.from(value, (element: unknown, index) => read(`${path}[${index}]`, element, index))
}

/** A number of things that happened, `least` or more. @throws {OptionTypeError | OptionRangeError} */
export function readCount(path: string, value: unknown, least = 0): number {
  return checkInteger(path, value, least, LARGEST_COUNT)
}
