// How a machine refuses a command: with the class and the words that QMP has for it.

/** A command was refused, and nothing changed. */
export class MachineError extends Error {
  override readonly name = 'MachineError'
  /** QMP's error class. */
  readonly class = 'GenericError'
  /** QMP's description; the same as `message`. */
  readonly desc: string

  constructor(desc: string) {
    super(desc)
    this.desc = desc
  }
}
