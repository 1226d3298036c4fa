// A Machine from a QEMU command line: the options that decide what a panic does, read as QEMU reads them.

import { pickOptions } from '../common/check.js'
import type { DmaMemory } from '../devices/i8257.js'
import type { CpuControl } from '../machine/cpu-control.js'
import { Machine } from '../machine/machine.js'
import { MachineError } from '../machine/machine-error.js'
import { MACHINE_OPTIONS, type MachineActions, type MachineOptions } from '../machine/machine-options.js'
import { type QemuProfile, qemuProfile } from '../machine/qemu-versions.js'
import { parseActions } from './actions.js'
import {
  type DeviceRequest,
  deviceDriver,
  type GlobalProperty,
  type PvpanicNames,
  parseDevice,
  parseGlobal,
  pvpanicOptions,
  QEMU_NAMES,
} from './device.js'
import { HelpRequest, OptionError, prefixErrors } from './keyval.js'

/** What is around the machine, and which QEMU it is. */
export interface LaunchOptions {
  /** QEMU version, '1.5.0' to '11.1'. The newest. */
  readonly qemu?: string
  /** Machine type. 'pc'. */
  readonly machineType?: string
  readonly cpu?: CpuControl
  readonly memory?: DmaMemory
  /** Milliseconds since 1970. `Date.now`. */
  readonly clock?: () => number
  /**
   * What the device's port property is called. QEMU's name is `ioport`; the message of 2013 says `iobase`, which no
   * QEMU ever took. `['ioport']`.
   */
  readonly portProperties?: readonly string[]
  /** The device's type name. 'pvpanic'; the message considers 'isa-pvpanic', which no QEMU ever took. */
  readonly typeName?: string
}

/** A name that was meant for this device, such as isa-pvpanic: refused as QEMU does, where others are passed over. */
const PVPANIC_LIKE = /(^|-)pvpanic$/

interface CommandLine {
  readonly devices: readonly DeviceRequest[]
  readonly globals: readonly GlobalProperty[]
  readonly actions: Partial<MachineActions>
}

/**
 * Starts a machine in run state 'prelaunch', as libvirt starts QEMU with `-S`. Options that have nothing to do with
 * panics are passed over, and so is what QEMU only warns of.
 * @throws {MachineError} in QEMU's words, if QEMU would not start, or would print a help text instead.
 */
export function launchMachine(args: readonly string[], options: LaunchOptions = {}): Machine {
  const { portProperties = QEMU_NAMES.portProperties, typeName = QEMU_NAMES.driver } = options
  const names = { driver: typeName, portProperties }
  const profile = qemuProfile(options.qemu, options.machineType)
  const machine = inMachineErrors(() => {
    const { devices, globals, actions } = readCommandLine(args, names, profile)
    return { ...actions, ...pvpanicOptions(devices, globals, profile, names) }
  })
  return new Machine({ ...pickOptions<MachineOptions>(options, MACHINE_OPTIONS), ...machine, startPaused: true })
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

function readCommandLine(args: readonly string[], names: PvpanicNames, { defaultEvents }: QemuProfile): CommandLine {
  const devices: DeviceRequest[] = []
  const globals: GlobalProperty[] = []
  // QEMU's own default. Under -no-shutdown, which libvirt always gives, it is the same as 'pause'.
  let actions: Partial<MachineActions> = { onPanic: 'destroy' }
  const words = args.values()
  for (const word of words) {
    const option = word.replace(/^--/, '-')
    const readArgument = (read: (argument: string) => void) => {
      const { value: argument } = words.next()
      if (argument === undefined) throw new OptionError(`${word}: requires an argument`)
      prefixErrors(`${word} ${argument}: `, () => read(argument))
    }
    if (option === '-no-shutdown') actions = { ...actions, shutdownAction: 'pause' }
    if (option === '-no-reboot') actions = { ...actions, rebootAction: 'shutdown' }
    if (option === '-action') {
      readArgument((argument) => {
        actions = { ...actions, ...parseActions(argument, ignore) }
      })
    }
    if (option === '-device') {
      readArgument((argument) => {
        const driver = deviceDriver(argument)
        const isOther = driver !== undefined && driver !== names.driver && !PVPANIC_LIKE.test(driver)
        if (!isOther) devices.push(parseDevice(argument, defaultEvents, ignore, names))
      })
    }
    if (option === '-global') readArgument((argument) => globals.push(parseGlobal(argument, ignore)))
  }
  return { devices, globals, actions }
}

function ignore(): void {}
