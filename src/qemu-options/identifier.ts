// The IDs that QEMU's options and commands give to things.

/** Whether QEMU takes it as an ID: a letter, then letters, digits and `-._`. */
export function isIdentifier(id: unknown): id is string {
  return typeof id === 'string' && /^[a-zA-Z][a-zA-Z0-9\-._]*$/.test(id)
}

/** What QEMU says of an option's ID that is none. */
export const NO_IDENTIFIER =
  "Parameter 'id' expects an identifier\nIdentifiers consist of letters, digits, '-', '.', '_', starting with a letter."
