// Whether a guest that runs keeps its process alive.

import { coreOf } from './v86-internals.js'
import type { V86 } from './v86-types.js'

interface Timer {
  unref?(): unknown
}

/**
 * Lets the process end while the guest runs, once there is nothing else to wait for. In Node; a browser's page does not
 * wait for v86 anyhow.
 */
export function letProcessEnd(emulator: V86): void {
  const core = coreOf(emulator)
  if (!('process' in globalThis) || typeof setImmediate !== 'function') return
  // Deno 2.9 never runs an immediate that does not keep the process alive.
  if ('Deno' in globalThis) return
  core.yield = (milliseconds, tick) => {
    const next = () => core.yield_callback(tick)
    const timer: Timer = milliseconds < 1 ? setImmediate(next) : setTimeout(next, milliseconds)
    timer.unref?.()
  }
}
