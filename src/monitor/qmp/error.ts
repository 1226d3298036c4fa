// How a monitor refuses a command, in QMP's words.

/** QMP's error classes, those that a monitor of this package gives. */
export type QmpErrorClass = 'GenericError' | 'CommandNotFound' | 'DeviceNotFound'

/** A refused command. What is thrown as one reaches the client; nothing has changed. */
export class QmpError extends Error {
  override readonly name = 'QmpError'
  /** A `QmpErrorClass`; from another server, whatever that calls it. */
  readonly class: string
  /** QMP's description; the same as `message`. */
  readonly desc: string

  constructor(desc: string, errorClass: string = 'GenericError' satisfies QmpErrorClass) {
    super(desc)
    this.class = errorClass
    this.desc = desc
  }
}

/** Why system_wakeup is refused: nothing here ever is suspended. */
export const NOT_SUSPENDED = 'Unable to wake up: guest is not in suspended state'
