// The error of programs that have no bytes.

/** The program cannot be expressed in bytes: a label, a jump or a value is wrong. The message names it. */
export class AssemblyError extends Error {
  override readonly name = 'AssemblyError'
}
