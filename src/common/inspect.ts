// How an object shows on Node's console, without anything of Node: by the method that util.inspect looks for.

/** The name of that method. */
export const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom')

/** `util.inspect`, which calls the method with itself. */
export type Inspect = (value: unknown, options: object) => string

/** A class's name, then what its `toJSON` tells. */
export function inspected(object: { toJSON(): unknown }, options: object, inspect: Inspect): string {
  return `${object.constructor.name} ${inspect(object.toJSON(), options)}`
}
