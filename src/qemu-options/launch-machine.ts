// A Machine from a command line that was meant for QEMU: only the options that decide what a panic does are read.

import { pickOptions } from '../common/check.js'
import type { DmaMemory } from '../devices/i8257.js'
import type { CpuControl } from '../machine/cpu-control.js'
import { Machine } from '../machine/machine.js'
import { MachineError } from '../machine/machine-error.js'
import { MACHINE_OPTIONS, type MachineOptions } from '../machine/machine-options.js'
import { qemuProfile } from '../machine/qemu-versions.js'
import { buildDevices } from './build-machine.js'
import { parsePanicOptions } from './command-line.js'
import { QEMU_NAMES } from './device-types.js'
import { HelpRequest, OptionError } from './keyval.js'

/** What is around the machine, and which QEMU it is. */
export interface LaunchOptions {
  /** QEMU version, such as '7.2'. The newest known. */
  readonly qemu?: string
  /** Machine type. 'pc'. */
  readonly machineType?: string
  readonly cpu?: CpuControl
  readonly memory?: DmaMemory
  /** Milliseconds since 1970. `Date.now`. */
  readonly clock?: () => number
  /**
   * What the device's port property is called. QEMU's name is `ioport`; the proposal of 2013 says `iobase`, which no
   * QEMU ever took. `['ioport']`.
   */
  readonly portProperties?: readonly string[]
  /** The device's type name. 'pvpanic'; the proposal considers 'isa-pvpanic', which no QEMU ever took. */
  readonly typeName?: string
}

/** A name that was meant for this device, such as isa-pvpanic: refused as QEMU does, where other devices are passed over. */
const PVPANIC_LIKE = /(^|-)pvpanic$/

/**
 * Starts a machine in run state 'prelaunch', as libvirt starts QEMU with `-S`. Options and devices that have nothing to do
 * with panics are passed over, and so is what QEMU only warns of.
 * @throws {MachineError} in QEMU's words, if QEMU would not start, or would print a help text instead.
 */
export function launchMachine(args: readonly string[], options: LaunchOptions = {}): Machine {
  return new Machine(launchedOptions(args, options))
}

/** What `launchMachine` tells the machine, for one that an emulator gets by `attach()`. @throws {MachineError} as it does. */
export function launchedOptions(args: readonly string[], options: LaunchOptions = {}): MachineOptions {
  const { portProperties = QEMU_NAMES.portProperties, typeName = QEMU_NAMES.driver } = options
  const profile = qemuProfile(options.qemu, options.machineType)
  const machine = inMachineErrors(() => {
    const { devices, globals, machine: actions } = parsePanicOptions(args, profile)
    const ours = devices.filter(({ driver }) => {
      return typeof driver !== 'string' || driver === typeName || PVPANIC_LIKE.test(driver)
    })
    return {
      ...actions,
      ...buildDevices({ devices: ours, globals }, profile, { driver: typeName, portProperties }).machine,
    }
  })
  return { ...pickOptions<MachineOptions>(options, MACHINE_OPTIONS), ...machine, startPaused: true }
}

/** Runs `read`; an option that it refuses becomes a machine's refusal to start. */
function inMachineErrors<Value>(read: () => Value): Value {
  try {
    return read()
  } catch (error) {
    if (error instanceof OptionError) throw new MachineError(error.message)
    if (error instanceof HelpRequest) throw new MachineError('an option asks for help, so that no machine starts')
    throw error
  }
}
