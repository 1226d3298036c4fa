// The one way in which an embedder's wrong number is refused.

/** Shows a number as engineers write ports: hexadecimal when it is a non-negative integer. */
const show = (value: unknown): string =>
  Number.isSafeInteger(value) && Number(value) > 9 ? `0x${Number(value).toString(16)}` : String(value)

/**
 * Returns `value` if it is an integer in `min` .. `max`.
 * @throws {TypeError} if it is no integer.
 * @throws {RangeError} if it lies outside.
 */
export function checkInteger(name: string, value: unknown, min: number, max: number): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    throw new TypeError(`${name}: expected an integer from ${show(min)} to ${show(max)}, got ${describe(value)}`)
  }
  if (value < min || value > max) {
    throw new RangeError(`${name}: expected an integer from ${show(min)} to ${show(max)}, got ${show(value)}`)
  }
  return value
}

/**
 * Returns `value` if it is one of `allowed`.
 * @throws {RangeError} naming the allowed values.
 */
export function checkOneOf<T extends string>(name: string, value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value)
  if (found === undefined)
    throw new RangeError(`${name}: expected one of ${allowed.join(', ')}, got ${describe(value)}`)
  return found
}

/**
 * Returns `value` if it is undefined, or an object with all of these methods.
 * @throws {TypeError} naming the first that is missing.
 */
export function checkMethods<T extends object>(
  name: string,
  value: T | undefined,
  methods: readonly (keyof T & string)[],
): T | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'object' || value === null)
    throw new TypeError(`${name}: expected an object, got ${describe(value)}`)
  const missing = methods.find((method) => typeof value[method] !== 'function')
  if (missing !== undefined)
    throw new TypeError(`${name}.${missing}: expected a function, got ${describe(value[missing])}`)
  return value
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)
  return typeof value === 'number' || typeof value === 'bigint' || value == null ? String(value) : typeof value
}
