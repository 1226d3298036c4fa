// What a value is called that is of the wrong type.

/** 'a string', 'null', or the name of its class. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value !== 'object') return `a ${typeof value}`
  const maker: unknown = value.constructor
  return typeof maker === 'function' && maker.name !== '' ? `a value of class ${maker.name}` : 'an object'
}
