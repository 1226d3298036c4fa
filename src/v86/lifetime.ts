// Whether a guest that runs keeps its process alive.

import { coreOf } from './v86-internals.js'
import type { V86 } from './v86-types.js'

/** What Node's timers and message ports have, and a browser's have not. */
interface Handle {
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
    const timer: Handle = milliseconds < 1 ? setImmediate(next) : setTimeout(next, milliseconds)
    timer.unref?.()
    if (milliseconds < 1) wakeLoop()
  }
}

let wakeLoop = (): void => {
  const { port1, port2 } = new MessageChannel()
  Object.assign(port1, { onmessage() {} })
  for (const port of [port1, port2] as Handle[]) port.unref?.()
  // An immediate that is unref'ed does not keep the loop from sleeping until the next timer or input: a message does, and
  // its port need not keep the process alive. The message itself does nothing, for Node hands on a thousand in one turn.
  wakeLoop = () => port2.postMessage(undefined)
  wakeLoop()
}
