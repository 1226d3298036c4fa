// The one reader of QEMU's command line: finds the options, reads them in turn, and says what they ask for.

import { OptionRangeError } from '../common/check.js'
import type { MachineOptions } from '../machine/machine-options.js'
import { hasMachineType, realMachineType } from '../machine/machine-types.js'
import { newerVersionWarning, type QemuProfile, qemuProfile } from '../machine/qemu-versions.js'
import type { PvpanicPciPlace } from '../pci/connect.js'
import { buildDevices } from './build-machine.js'
import type { CharacterDevice } from './chardev.js'
import { machinesHelp, optionsHelp } from './help.js'
import { HelpRequest, OptionError, prefixErrors, type Warn } from './keyval.js'
import { type ChosenDevice, CollectedOptions, OPTION_BY_NAME, type Option, VERSION_OPTION } from './options.js'

/** What a command line asks for. */
export interface SystemOptions {
  readonly machine: MachineOptions
  readonly deviceIds: readonly (string | undefined)[]
  /** The pvpanic-pci functions, for `connectPvpanicPci`. */
  readonly pvpanicPci: readonly PvpanicPciPlace[]
  readonly name: string | undefined
  readonly uuid: string | undefined
  /** Bytes of guest memory. */
  readonly memorySize: number
  /** A file that must be there, as QEMU asks of it; nothing executes it. */
  readonly bios: string | undefined
  /** A file that is to hold the number of the process. */
  readonly pidFile: string | undefined
  /** The machine waits for `x-exit-preconfig`, and then starts the guest or not. */
  readonly preconfig: { readonly startsGuest: boolean } | undefined
  /** The program goes on in the background once its sockets are open. */
  readonly inBackground: boolean
  /** The process is to end when the one that started it does. */
  readonly endsWithParent: boolean
  readonly qmp: readonly ChosenDevice[]
  /** Sockets that no monitor is at; they are opened all the same. */
  readonly unused: readonly ChosenDevice[]
  readonly qtest: CharacterDevice | undefined
  /** A file's name, or undefined for standard error; 'none' for no log. */
  readonly qtestLog: string | undefined
}

/**
 * Reads the command line of a program that stands in for QEMU: every option must be known.
 * @param warn told of what QEMU warns of.
 * @throws {OptionError} with QEMU's words after the program's name.
 * @throws {HelpRequest} if the arguments ask for text in place of a machine.
 */
export function parseSystemOptions(args: readonly string[], warn: Warn): SystemOptions {
  const found = findOptions(args)
  const version = found.findLast(({ option }) => option.names.includes(VERSION_OPTION))?.argument
  const facts = readProfile(version, 'pc')
  const all = readOptions(found, facts, warn)
  if (all.asksFor === 'machines') throw new HelpRequest(machinesHelp(version), 0)
  const profile = readProfile(version, all.machineType)
  if (all.asksFor === 'version') throw new HelpRequest(versionText(profile.version), 0)
  warnOf(profile, warn)
  const { qmp, unused } = placeMonitors(all)
  if (all.refusal !== undefined) throw all.refusal
  const { machine, deviceIds, pvpanicPci } = buildDevices(all, profile)
  const [first] = all.devices
  if (all.machineType === NO_MACHINE && first !== undefined) {
    throw new OptionError(`${first.option}: No 'ISA' bus found for device '${first.driver}'`)
  }
  return {
    machine: {
      ...all.machine,
      ...(version !== undefined && { qemu: version }),
      machineType: profile.machineType,
      ...machine,
      ...(all.preconfig && { startPaused: true }),
    },
    deviceIds,
    pvpanicPci,
    name: all.name,
    uuid: all.uuid,
    memorySize: all.memorySize,
    bios: all.bios,
    pidFile: all.pidFile,
    preconfig: all.preconfig ? { startsGuest: all.machine.startPaused !== true } : undefined,
    inBackground: all.inBackground,
    endsWithParent: all.endsWithParent,
    qmp,
    unused,
    qtest: all.qtest,
    qtestLog: all.qtestLog,
  }
}

/**
 * Reads only the options that decide what a panic does, out of a command line that was meant for QEMU itself.
 * @throws {OptionError | HelpRequest}
 */
export function parsePanicOptions(args: readonly string[], profile: QemuProfile): CollectedOptions {
  const found = findOptions(args, () => undefined).filter(({ option }) => option.concernsPanics)
  return readOptions(found, profile, () => {})
}

/** The argument of `-machine` for no machine at all. */
const NO_MACHINE = 'none'

function readProfile(version: string | undefined, machineType: string): QemuProfile {
  try {
    // An empty machine has no pvpanic, and neither has isapc in any version.
    if (machineType === NO_MACHINE) return qemuProfile(version, 'isapc')
    if (hasMachineType(version, realMachineType(machineType))) return qemuProfile(version, machineType)
  } catch (error) {
    if (error instanceof OptionRangeError) throw new OptionError(error.message)
    throw error
  }
  const named = qemuProfile(version).machineErrorNamesType ? `: "${machineType}"` : ''
  throw new OptionError(`unsupported machine type${named}\nUse -machine help to list supported machines`)
}

function warnOf(profile: QemuProfile, warn: Warn): void {
  const newer = newerVersionWarning(profile)
  if (newer !== undefined) warn(`warning: ${newer}`)
  const { machineType, machineTypeDeprecated } = profile
  if (machineTypeDeprecated !== undefined) {
    warn(`warning: Machine type '${machineType}' is deprecated: ${machineTypeDeprecated}`)
  }
}

function versionText(version: string): string {
  const [major = 0, minor = 0, micro = 0] = version.split('.')
  return `QEMU emulator version ${major}.${minor}.${micro} (isa-pvpanic)\n`
}

function readOptions(found: readonly FoundOption[], facts: QemuProfile, warn: Warn): CollectedOptions {
  for (const { word, option } of found) {
    if (option.exists?.(facts) === false) throw new OptionError(`${word}: invalid option`)
  }
  let prefix = ''
  const all = new CollectedOptions(facts, (text) => warn(prefix + text))
  for (const { word, option, argument } of found) {
    prefix = option.argument === undefined ? `${word}: ` : `${word} ${argument}: `
    prefixErrors(prefix, () => option.read(all, argument))
    if (all.asksFor === 'help') throw new HelpRequest(optionsHelp(), 0)
  }
  return all
}

interface FoundOption {
  readonly word: string
  readonly option: Option
  readonly argument: string
}

/**
 * Every option that is none, or lacks its argument, is found before any is read.
 * @param onUnknown told of a word that is no option. Throws unless given.
 */
function findOptions(args: readonly string[], onUnknown: (word: string) => void = refuseWord): FoundOption[] {
  const found: FoundOption[] = []
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? ''
    const option = word.startsWith('-') ? OPTION_BY_NAME.get(word.replace(/^--?/, '')) : undefined
    if (option === undefined) {
      onUnknown(word)
      continue
    }
    const argument = option.argument === undefined ? '' : args[++at]
    if (argument === undefined) throw new OptionError(`${word}: requires an argument`)
    found.push({ word, option, argument })
  }
  return found
}

function refuseWord(word: string): never {
  throw new OptionError(
    word.startsWith('-') ? `${word}: invalid option` : `${word}: disk images are not supported here`,
  )
}

/** Which sockets have a QMP monitor, and which have none. */
function placeMonitors(all: CollectedOptions): Pick<SystemOptions, 'qmp' | 'unused'> {
  const unused = new Set(all.chardevs.values())
  const monitors = all.monitors.map(({ option, chardev, mode }) => {
    const device = all.chardevs.get(chardev)
    if (device === undefined) throw new OptionError(`${option}: chardev "${chardev}" not found`)
    if (mode !== 'control') throw new OptionError(`${option}: only mode=control, which is QMP, is supported here`)
    unused.delete(device)
    return device
  })
  return { qmp: [...all.qmp, ...monitors], unused: [...unused] }
}
