// What a machine is told: its options, and what it does about its guest's panic, shutdown and reboot.

import type { WideAccess } from '../bus/wide-access.js'
import { checkInteger, checkOneOf, type OptionNames } from '../common/check.js'
import type { DebugExitPlace } from '../devices/debug-exit.js'
import type { DmaMemory } from '../devices/i8257.js'
import type { CpuControl } from './cpu-control.js'
import type { EventName } from './events.js'
import type { PanicMode } from './transitions.js'

/** What a machine does about its guest's panic, shutdown and reboot; QEMU's `-action` in our words. */
export interface MachineActions {
  readonly onPanic: PanicMode
  /** The exit code that `destroy` ends with: 0, or 1 as QEMU's `panic=exit-failure`. */
  readonly panicExitCode: 0 | 1
  /** `pause` keeps a machine that would end, as QEMU's `-no-shutdown`. A `destroy` with exit code 0 then preserves. */
  readonly shutdownAction: 'poweroff' | 'pause'
  /** `shutdown` ends the machine instead of resetting it, as QEMU's `-no-reboot`. */
  readonly rebootAction: 'reset' | 'shutdown'
}

/** What a machine is made with. Options that are not given are as QEMU has them. */
export interface MachineOptions extends Partial<MachineActions> {
  /** Port of the pvpanic device, 0..0xffff; 0 shadows the DMA controller's first port; null for no device. Default: 0x505. */
  readonly iobase?: number | null
  /** Port of a second pvpanic device, or the ports of more, which QEMU accepted before 2.4. Default: none. */
  readonly secondIobase?: number | readonly number[]
  /** What a read of the pvpanic port shows, 0..0xff. Default: the QEMU version's. */
  readonly events?: number
  /** QEMU version whose behaviour is wanted, '1.5.0' to '11.1'. Default: the newest. */
  readonly qemu?: string
  /** Machine type: 'pc-i440fx-1.5', 'q35', ... Default: 'pc'. */
  readonly machineType?: string
  /**
   * What becomes of a 16- or 32-bit access that is not aligned within its device: 'split', 'aligned' or 'whole'. Default: as
   * the QEMU version does over qtest; a guest under TCG gets 'aligned' from 7.2 on, one under KVM 'split' in all of them.
   */
  readonly wideAccess?: WideAccess
  /** Starts in run state 'prelaunch', as QEMU's `-S`: the guest waits for `cont`. */
  readonly startPaused?: boolean
  /** Port of an isa-debug-exit device with two ports, usually 0xf4 or 0x501, or the places of several. Default: none. */
  readonly debugExit?: number | readonly DebugExitPlace[]
  /** The emulator around the machine. Default: none, a bare machine, whose state alone changes. */
  readonly cpu?: CpuControl
  /** What the DMA controllers read and write. */
  readonly memory?: DmaMemory
  /** How many panics in a row `reset` answers by a reset before it does as `preserve`; `cont()` and `reset()` start the row anew. Default: Infinity. */
  readonly resetLimit?: number
  /** Entries that the panic log keeps, 0..0x100000. Default: 1024. */
  readonly logSize?: number
  /** The time, in milliseconds since 1970; fractions show as microseconds in events. Default: `Date.now`. */
  readonly clock?: () => number
  /** Told once of each listener that throws. Writes to the console unless given. */
  readonly onListenerError?: (error: unknown, event: EventName) => void
}

/** The name of every option. */
export const MACHINE_OPTIONS: OptionNames<MachineOptions> = {
  iobase: true,
  secondIobase: true,
  events: true,
  onPanic: true,
  panicExitCode: true,
  shutdownAction: true,
  rebootAction: true,
  qemu: true,
  machineType: true,
  wideAccess: true,
  startPaused: true,
  debugExit: true,
  cpu: true,
  memory: true,
  resetLimit: true,
  logSize: true,
  clock: true,
  onListenerError: true,
}

const PANIC_MODES: readonly PanicMode[] = ['reset', 'destroy', 'preserve', 'log']
const DEFAULT_ACTIONS: MachineActions = {
  onPanic: 'preserve',
  panicExitCode: 0,
  shutdownAction: 'poweroff',
  rebootAction: 'reset',
}

/**
 * The actions that are wanted; what is not, is as `otherwise`.
 * @throws {RangeError | TypeError} naming the one that is wrong, and what is allowed.
 */
export function checkActions(wanted: Partial<MachineActions>, otherwise = DEFAULT_ACTIONS): MachineActions {
  const panicExitCode = wanted.panicExitCode ?? otherwise.panicExitCode
  return {
    onPanic: checkOneOf('onPanic', wanted.onPanic ?? otherwise.onPanic, PANIC_MODES),
    panicExitCode: checkInteger('panicExitCode', panicExitCode, 0, 1) === 1 ? 1 : 0,
    shutdownAction: checkOneOf('shutdownAction', wanted.shutdownAction ?? otherwise.shutdownAction, [
      'poweroff',
      'pause',
    ]),
    rebootAction: checkOneOf('rebootAction', wanted.rebootAction ?? otherwise.rebootAction, ['reset', 'shutdown']),
  }
}
