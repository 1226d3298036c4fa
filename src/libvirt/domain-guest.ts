// What a Domain manages: the machine around a guest, and what else can be asked of the program that runs it.

import { type Awaitable, andThen } from '../common/awaitable.js'
import { OptionTypeError } from '../common/check.js'
import type { GuestMachine } from '../machine/guest-machine.js'
import { Machine } from '../machine/machine.js'
import { executeQmp } from '../monitor/qmp/execute.js'
import { QmpMonitor } from '../monitor/qmp/monitor.js'

/**
 * A guest whose first instruction has not run: what `bootGuest({ startPaused: true })` gives, or the machine that
 * `attach()` made, with what only its emulator can do.
 */
export interface DomainGuest {
  readonly machine: GuestMachine
  /** Writes memory and registers of the guest, which does not run, to an ELF core file. May give its bytes as a number. */
  dumpCore?(path: string): Awaitable<unknown>
  /** The whole guest, for `save`. Not needed for a bare machine. */
  save?(): Awaitable<unknown>
  /** Takes back what `save` gave. */
  restore?(saved: unknown): Awaitable<unknown>
  /** Ends the program at once, as SIGKILL does. */
  kill?(): Awaitable<void>
}

/** A machine without an emulator as a guest. Its saved state forgets a panic, as QEMU's migration stream does. */
export function bareGuest(machine: Machine): DomainGuest {
  return { machine, save: () => ({ ...machine.save(), runState: 'paused' }), restore: (saved) => machine.load(saved) }
}

/** Executes a QMP command on a guest. @throws {QmpError | MachineError} if it is refused, {OptionTypeError} if there is no monitor. */
export function executeOn(
  { machine }: DomainGuest,
  command: string,
  args?: Readonly<Record<string, unknown>>,
): Awaitable<unknown> {
  if (machine instanceof Machine) return executeOnMachine(machine, command, args)
  if (machine.execute !== undefined) return machine.execute(command, args)
  throw new OptionTypeError('guest.machine.execute', 'expected a function, for a machine that is no Machine')
}

const monitors = new WeakMap<Machine, QmpMonitor>()

function executeOnMachine(machine: Machine, command: string, args?: Readonly<Record<string, unknown>>): unknown {
  const monitor = monitors.get(machine) ?? new QmpMonitor(machine)
  monitors.set(machine, monitor)
  return executeQmp(monitor, command, args)
}

/** Writes a core dump, by the guest's own means. */
export function dumpOf(guest: Pick<DomainGuest, 'dumpCore'>, path: string): Awaitable<number | undefined> {
  if (guest.dumpCore === undefined) throw new Error('there is nothing to dump with')
  return andThen(guest.dumpCore(path), (bytes) => (typeof bytes === 'number' ? bytes : undefined))
}
