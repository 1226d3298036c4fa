// What the user did wrong, as against what went wrong here: the one error that becomes exit code 2.

import { MachineError } from '../machine/machine-error.js'
import { SocketError } from '../monitor/server/unix-socket.js'
import { ImageError } from '../testing/image-error.js'

/** A file, an address or a value that the user named cannot be used. The message names it, and says why. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The library's refusals begin with the name of the option that is wrong; no error of a JavaScript engine does. */
const NAMES_AN_OPTION = /^\w+: /

/**
 * Runs `use`, which is handed what the user asked for; what it refuses of that, at once or by a promise, becomes a usage
 * error. Every other error stays what it is.
 * @throws {UsageError}
 */
export function refusing<Value>(use: () => Value): Value {
  try {
    const value = use()
    return value instanceof Promise ? (value.catch(rethrow) as Value) : value
  } catch (error) {
    return rethrow(error)
  }
}

function rethrow(error: unknown): never {
  throw isRefusal(error) ? new UsageError(error.message, { cause: error }) : error
}

function isRefusal(error: unknown): error is Error {
  if (error instanceof ImageError || error instanceof MachineError || error instanceof SocketError) return true
  const isOfValues = error instanceof RangeError || error instanceof TypeError
  return isOfValues && NAMES_AN_OPTION.test(error.message)
}
