// The error for what the user did wrong, which becomes exit code 2.

import { OptionRangeError, OptionTypeError } from '../common/check.js'
import { MachineError } from '../machine/machine-error.js'
import { SocketError } from '../monitor/server/unix-socket.js'
import { ImageError } from '../testing/image-error.js'
import { SavedStateError } from '../v86/saved-state.js'

/** A file, an address or a value that the user named cannot be used. The message names it, and says why. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** What the library refuses of what it is handed. Every other error is a fault. */
const REFUSALS = [OptionRangeError, OptionTypeError, MachineError, ImageError, SavedStateError, SocketError]

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
  return REFUSALS.some((kind) => error instanceof kind)
}
