// What every machine around a guest offers, whichever program it is in.

import type { Awaitable } from '../common/awaitable.js'
import type { EventListener } from './event-queue.js'
import type { EventName } from './events.js'
import type { MachineActions } from './machine-options.js'
import type { PanicLog } from './panic-log.js'

/**
 * The machine around a guest. `Machine` is one; commands to another program take their time, so await them always.
 * A refused command throws `MachineError`.
 */
export interface GuestMachine {
  /** A `RunState`, or another of QEMU's: 'internal-error' say. */
  readonly runState: string
  /** The exit code once the machine has ended. */
  readonly exitCode: number | undefined
  /** What the guest reported. */
  readonly panics: Pick<PanicLog, 'total' | 'dropped' | 'entries'>
  /** Calls `listener` at each such event, '*' at every one. Returns what ends that. */
  on<Name extends EventName | '*'>(event: Name, listener: EventListener<Name>): () => void
  /** Calls `listener` with the exit code when the machine has ended, after the last event. Returns what ends that. */
  onEnd(listener: (exitCode: number) => void): () => void
  /** Changes what happens from the next event on; what is not given stays. */
  setActions(actions: Partial<MachineActions>): Awaitable<void>
  /** Lets the guest run. */
  cont(): Awaitable<void>
  /** Stops the guest. */
  stop(): Awaitable<void>
  /** Resets the machine; what runs goes on running. */
  reset(): Awaitable<void>
  /** Presses the power button. */
  powerdown(): Awaitable<void>
  /** Ends the machine: by QMP's quit, or as the host's SIGTERM does. */
  quit(reason?: 'host-qmp-quit' | 'host-signal'): Awaitable<void>
  /** Executes a QMP command and gives what it returned, where the machine's program has a monitor. */
  execute?(command: string, args?: Readonly<Record<string, unknown>>): Awaitable<unknown>
}
