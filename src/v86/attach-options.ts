// The options of attach(). They stand apart from it, so that whoever boots guests in QEMU alone needs no types of v86.

import type { OptionNames } from '../common/check.js'
import type { FwCfgFile } from '../firmware/pvpanic-port.js'
import { MACHINE_OPTIONS, type MachineOptions } from '../machine/machine-options.js'

/** A machine's options, without what the emulator gives, and what the emulator is to do. */
export interface AttachOptions extends Omit<MachineOptions, 'cpu' | 'memory'> {
  /**
   * Whether the machine's DMA controllers and page registers serve the guest in place of v86's. v86's floppy moves its
   * data by v86's own and does not work then. Default: false; v86's serve the guest, and `machine.dma` is not reached.
   */
  readonly dma?: boolean
  /** More files for the firmware, such as `acpiFiles()` of isa-pvpanic/firmware makes; `etc/pvpanic-port` is always there. */
  readonly fwCfgFiles?: readonly FwCfgFile[]
  /** Told when the guest halts with interrupts off, which only a reset can end. May be called from within the guest's HLT. */
  readonly onHalt?: () => void
  /**
   * Told of what a device threw at a guest's access (the first time; the guest goes on), and of each `EmulatorFault`
   * (the machine is stopped then). Default: writes to the console.
   */
  readonly onError?: (error: unknown) => void
  /**
   * Milliseconds for which one instruction of the guest, with the listeners that it calls, may keep this thread: the
   * emulator fails then. 1..0x7fffffff, or Infinity. Node only. Default: 2000.
   */
  readonly turnLimitMs?: number
}

const { cpu: _cpu, memory: _memory, ...FREE_MACHINE_OPTIONS } = MACHINE_OPTIONS
/** The name of every option. */
export const ATTACH_OPTIONS: OptionNames<AttachOptions> = {
  ...FREE_MACHINE_OPTIONS,
  dma: true,
  fwCfgFiles: true,
  onHalt: true,
  onError: true,
  turnLimitMs: true,
}
