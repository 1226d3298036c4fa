// Some members of an object.

/** The members of these names that are there and not undefined. */
export function pick<From extends object, Name extends keyof From>(
  from: From,
  names: readonly Name[],
): Pick<From, Name> {
  const present = names.filter((name) => from[name] !== undefined).map((name) => [name, from[name]])
  return Object.fromEntries(present) as Pick<From, Name>
}
