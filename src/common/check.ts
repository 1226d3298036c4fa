// How a wrong option or argument is refused: with its name, what it was, and what is allowed.

import { hex } from './hex.js'

/** An option or argument is outside the values that are allowed; nothing has changed. The message begins with its name. */
export class OptionRangeError extends RangeError {
  override readonly name = 'OptionRangeError'

  constructor(
    /** Its name; the path of a member, such as `state.dma[0].mask`. */
    readonly option: string,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(`${option}: ${reason}`, options)
  }
}

/** An option or argument is of the wrong type, or unknown; nothing has changed. The message begins with its name. */
export class OptionTypeError extends TypeError {
  override readonly name = 'OptionTypeError'

  constructor(
    /** Its name; the path of a member, such as `state.dma[0].mask`. */
    readonly option: string,
    reason: string,
  ) {
    super(`${option}: ${reason}`)
  }
}

/** Shows a number as engineers write ports: hexadecimal when it is an integer of two digits or more. */
const show = (value: unknown): string =>
  Number.isSafeInteger(value) && Number(value) > 9 ? hex(Number(value)) : String(value)

/**
 * Returns `value` if it is an integer in `min` .. `max`.
 * @throws {OptionTypeError} if it is no integer.
 * @throws {OptionRangeError} if it lies outside.
 */
export function checkInteger(name: string, value: unknown, min: number, max: number): number {
  const expected = `expected an integer from ${show(min)} to ${show(max)}, got`
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    throw new OptionTypeError(name, `${expected} ${describe(value)}`)
  }
  if (value < min || value > max) throw new OptionRangeError(name, `${expected} ${show(value)}`)
  return value
}

/**
 * Returns `value` if it is one of `allowed`.
 * @throws {OptionRangeError} naming the allowed values.
 */
export function checkOneOf<T extends string>(name: string, value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value)
  if (found === undefined) {
    throw new OptionRangeError(name, `expected one of ${allowed.join(', ')}, got ${describe(value)}`)
  }
  return found
}

/**
 * Returns `value` if it is undefined, or an object with all of these methods.
 * @throws {OptionTypeError} naming the first that is missing.
 */
export function checkMethods<T extends object>(
  name: string,
  value: T | undefined,
  methods: readonly (keyof T & string)[],
): T | undefined {
  if (value === undefined) return undefined
  checkObject(name, value)
  for (const method of methods) checkFunction(`${name}.${method}`, value[method])
  return value
}

/** @throws {OptionTypeError} if `value` is no function. */
export function checkFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') throw new OptionTypeError(name, `expected a function, got ${describe(value)}`)
}

/** A member for each option that there is. */
export type OptionNames<Options> = { readonly [Name in keyof Options]-?: true }

/**
 * Makes sure that an options object has no member that would be ignored.
 * @throws {OptionTypeError} if `options` is no object, or naming the first member that is unknown.
 */
export function checkKnownOptions<T extends object>(options: T, known: OptionNames<T>): void {
  checkObject('options', options)
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(known, name)) {
      throw new OptionTypeError(name, `unknown option; known are ${Object.keys(known).join(', ')}`)
    }
  }
}

/** Those of the options that `known` names. */
export function pickOptions<T extends object>(options: T, known: OptionNames<T>): T {
  return Object.fromEntries(Object.entries(options).filter(([name]) => Object.hasOwn(known, name))) as T
}

function checkObject(name: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) {
    throw new OptionTypeError(name, `expected an object, got ${describe(value)}`)
  }
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)
  return typeof value === 'number' || typeof value === 'bigint' || value == null ? String(value) : typeof value
}
