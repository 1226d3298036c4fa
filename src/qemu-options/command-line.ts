// QEMU's command line as far as it concerns a panic: from arguments to the machine and the monitors that are wanted.

import { messageOf } from '../common/message-of.js'
import type { MachineOptions } from '../machine/machine-options.js'
import { hasMachineType } from '../machine/machine-types.js'
import { qemuProfile } from '../machine/qemu-versions.js'
import { parseActions } from './actions.js'
import { type CharacterDevice, parseCharacterDevice, parseSocketChardev } from './chardev.js'
import { DEBUG_EXIT, parseDebugExit } from './debug-exit.js'
import {
  checkDeviceSyntax,
  type DeviceRequest,
  deviceDriver,
  type GlobalProperty,
  parseDevice,
  parseGlobal,
  pvpanicOptions,
} from './device.js'
import { machinesHelp, optionsHelp } from './help.js'
import {
  checkNames,
  HELP_WORDS,
  HelpRequest,
  OptionError,
  parseKeyValues,
  prefixErrors,
  readOnOff,
  readWord,
} from './keyval.js'
import { DEFAULT_MEMORY, parseMemory } from './memory.js'

/** What a command line asks for. */
export interface SystemOptions {
  readonly machine: MachineOptions
  readonly deviceIds: readonly (string | undefined)[]
  readonly name: string | undefined
  readonly uuid: string | undefined
  /** Bytes of guest memory. */
  readonly memorySize: number
  /** A file that must be there, as QEMU asks of it; nothing executes it. */
  readonly bios: string | undefined
  readonly qmp: readonly ChosenDevice[]
  /** Sockets that no monitor is at; they are opened all the same. */
  readonly unused: readonly ChosenDevice[]
  readonly qtest: CharacterDevice | undefined
  /** A file's name, or undefined for standard error; 'none' for no log. */
  readonly qtestLog: string | undefined
}

/** A socket, and the option that asks for it. */
export interface ChosenDevice {
  readonly option: string
  readonly device: CharacterDevice
}

/** Collects what options say, in the order in which they stand. */
class Collector {
  readonly warn: (text: string) => void
  machine: MachineOptions = { onPanic: 'destroy' }
  machineType = 'pc'
  qemu: string | undefined
  readonly devices: { readonly argument: string; readonly wantsHelp: boolean }[] = []
  readonly globals: GlobalProperty[] = []
  readonly chardevs = new Map<string, ChosenDevice>()
  readonly monitors: { readonly option: string; readonly chardev: string; readonly mode: string }[] = []
  readonly qmp: ChosenDevice[] = []
  qtest: CharacterDevice | undefined
  qtestLog: string | undefined
  name: string | undefined
  uuid: string | undefined
  bios: string | undefined
  memorySize = DEFAULT_MEMORY
  wantsVersion = false
  wantsMachines = false

  constructor(warn: (text: string) => void) {
    this.warn = warn
  }
}

interface Option {
  /** Whether an argument follows. */
  readonly takesArgument: boolean
  read(collector: Collector, argument: string): void
}

const flag = (read: (collector: Collector) => void): Option => ({ takesArgument: false, read })
const valued = (read: (collector: Collector, argument: string) => void): Option => ({ takesArgument: true, read })
/** An option about hardware or looks that this machine does not have: only what asks for none of it is accepted. */
const only = (...words: string[]): Option =>
  valued((_, argument) => {
    if (!words.includes(argument)) throw new OptionError(`only ${words.join(' or ')} is supported here`)
  })

const HELP = flag(() => {
  throw new HelpRequest(optionsHelp(), 0)
})

/** Every option by its name. */
export const OPTIONS: Readonly<Record<string, Option>> = {
  help: HELP,
  h: HELP,
  version: flag((all) => {
    all.wantsVersion = true
  }),
  S: flag((all) => {
    all.machine = { ...all.machine, startPaused: true }
  }),
  'no-shutdown': flag((all) => {
    all.machine = { ...all.machine, shutdownAction: 'pause' }
  }),
  'no-reboot': flag((all) => {
    all.machine = { ...all.machine, rebootAction: 'shutdown' }
  }),
  action: valued((all, argument) => {
    all.machine = { ...all.machine, ...parseActions(argument, all.warn) }
  }),
  device: valued((all, argument) => {
    all.devices.push({ argument, wantsHelp: checkDeviceSyntax(argument, all.warn) })
  }),
  global: valued((all, argument) => {
    all.globals.push(parseGlobal(argument, all.warn))
  }),
  machine: valued(readMachine),
  M: valued(readMachine),
  // The QEMU version to behave like; QEMU itself has no such option.
  'as-qemu': valued((all, argument) => {
    all.qemu = argument
  }),
  qmp: valued((all, argument) => {
    all.qmp.push({ option: `-qmp ${argument}`, device: parseCharacterDevice(argument, all.warn) })
  }),
  qtest: valued((all, argument) => {
    all.qtest = parseCharacterDevice(argument, all.warn)
  }),
  'qtest-log': valued((all, argument) => {
    all.qtestLog = argument
  }),
  chardev: valued((all, argument) => {
    const { id, device } = parseSocketChardev(argument, all.warn)
    if (all.chardevs.has(id)) throw new OptionError(`Duplicate ID '${id}' for chardev`)
    all.chardevs.set(id, { option: `-chardev ${argument}`, device })
  }),
  mon: valued((all, argument) => {
    all.monitors.push({ option: `-mon ${argument}`, ...readMonitor(argument, all.warn) })
  }),
  name: valued((all, argument) => {
    const values = parseKeyValues(argument, 'guest', all.warn)
    checkNames(values, ['guest', 'debug-threads', 'process'])
    readOnOff(values, 'debug-threads')
    all.name = values.get('guest')
  }),
  uuid: valued((all, argument) => {
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(argument)) {
      throw new OptionError('failed to parse UUID string: wrong format')
    }
    all.uuid = argument.toLowerCase()
  }),
  m: valued((all, argument) => {
    all.memorySize = parseMemory(argument, all.warn)
  }),
  bios: valued((all, argument) => {
    all.bios = argument
  }),
  nodefaults: flag(() => {}),
  accel: only('tcg', 'qtest'),
  display: only('none'),
  vga: only('none'),
  serial: only('none'),
  parallel: only('none'),
  monitor: only('none'),
  net: only('none'),
  nic: only('none'),
}

/**
 * Reads QEMU's command line.
 * @param warn told of what QEMU warns of.
 * @throws {OptionError} with QEMU's words after the program's name.
 * @throws {HelpRequest} if the arguments ask for text in place of a machine.
 */
export function parseSystemOptions(args: readonly string[], warn: (text: string) => void): SystemOptions {
  const all = collect(args, warn)
  if (all.wantsMachines) throw new HelpRequest(machinesHelp(all.qemu), 0)
  if (all.wantsVersion) throw new HelpRequest(versionText(readProfile(all.qemu, all.machineType).version), 0)
  const unused = new Set(all.chardevs.values())
  for (const { option, chardev, mode } of all.monitors) {
    const device = all.chardevs.get(chardev)
    if (device === undefined) throw new OptionError(`${option}: chardev "${chardev}" not found`)
    if (mode !== 'control') throw new OptionError(`${option}: only mode=control, which is QMP, is supported here`)
    all.qmp.push(device)
    unused.delete(device)
  }
  return {
    ...buildMachine(all),
    name: all.name,
    uuid: all.uuid,
    memorySize: all.memorySize,
    bios: all.bios,
    qmp: all.qmp,
    unused: [...unused],
    qtest: all.qtest,
    qtestLog: all.qtestLog,
  }
}

function versionText(version: string): string {
  const [major = 0, minor = 0, micro = 0] = version.split('.')
  return `QEMU emulator version ${major}.${minor}.${micro} (isa-pvpanic)\n`
}

function collect(args: readonly string[], warn: (text: string) => void): Collector {
  let prefix = ''
  const all = new Collector((text) => warn(prefix + text))
  for (const { word, option, argument } of findOptions(args)) {
    prefix = option.takesArgument ? `${word} ${argument}: ` : `${word}: `
    prefixErrors(prefix, () => option.read(all, argument))
  }
  return all
}

interface FoundOption {
  readonly word: string
  readonly option: Option
  readonly argument: string
}

/** Every option that is none, or lacks its argument, is found before any is read. */
function findOptions(args: readonly string[]): FoundOption[] {
  const found: FoundOption[] = []
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? ''
    if (!word.startsWith('-')) throw new OptionError(`${word}: disk images are not supported here`)
    const name = word.replace(/^--?/, '')
    const option = Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined
    if (option === undefined) throw new OptionError(`${word}: invalid option`)
    const argument = option.takesArgument ? args[++at] : ''
    if (argument === undefined) throw new OptionError(`${word}: requires an argument`)
    found.push({ word, option, argument })
  }
  return found
}

function readMachine(all: Collector, argument: string): void {
  if (HELP_WORDS.includes(argument)) all.wantsMachines = true
  const values = parseKeyValues(argument, 'type', all.warn)
  all.machineType = values.get('type') ?? all.machineType
  const accelerator = values.get('accel')
  if (accelerator !== undefined) readAccelerators(accelerator)
  const unknown = [...values.keys()].find((name) => name !== 'type' && name !== 'accel')
  if (unknown !== undefined) throw new OptionError(`machine property '${unknown}' is not supported here`)
}

/** A list such as `kvm:tcg` means the first that works. */
function readAccelerators(list: string): void {
  if (!list.split(':').some((name) => name === 'tcg' || name === 'qtest')) {
    throw new OptionError('only tcg or qtest is supported here')
  }
}

function readMonitor(argument: string, warn: (text: string) => void): { chardev: string; mode: string } {
  const values = parseKeyValues(argument, 'chardev', warn)
  checkNames(values, ['chardev', 'mode', 'pretty'])
  const mode = readWord('mode', values.get('mode') ?? 'readline', ['readline', 'control'])
  const chardev = values.get('chardev')
  if (chardev === undefined) throw new OptionError("Parameter 'chardev' is missing")
  return { chardev, mode }
}

type BuiltMachine = Pick<SystemOptions, 'machine' | 'deviceIds'>

function buildMachine(all: Collector): BuiltMachine {
  const { machine, machineType, qemu } = all
  const [firstDevice] = all.devices
  const profile = readProfile(qemu, machineType)
  const devices: DeviceRequest[] = []
  let debugExit: number | undefined
  // QEMU helps before it makes any device, and makes one after another: the first that is refused ends it.
  for (const { argument, wantsHelp } of all.devices.toSorted((a, b) => Number(b.wantsHelp) - Number(a.wantsHelp))) {
    prefixErrors(`-device ${argument}: `, () => {
      if (deviceDriver(argument) !== DEBUG_EXIT) devices.push(parseDevice(argument, profile.defaultEvents, () => {}))
      else if (debugExit === undefined) debugExit = parseDebugExit(argument, wantsHelp)
      else throw new OptionError(`only one ${DEBUG_EXIT} is supported here`)
    })
    pvpanicOptions(devices, all.globals, profile)
  }
  if (machineType === 'none' && firstDevice !== undefined) {
    throw new OptionError(
      `-device ${firstDevice.argument}: No 'ISA' bus found for device '${deviceDriver(firstDevice.argument)}'`,
    )
  }
  return {
    deviceIds: [...(profile.builtinPvpanic ? [undefined] : []), ...devices.map(({ id }) => id)],
    machine: {
      ...machine,
      ...(qemu !== undefined && { qemu }),
      machineType: profile.machineType,
      ...pvpanicOptions(devices, all.globals, profile),
      ...(debugExit !== undefined && { debugExit }),
    },
  }
}

function readProfile(qemu: string | undefined, machineType: string) {
  try {
    if (!hasMachineType(qemu, machineType)) {
      throw new OptionError('unsupported machine type\nUse -machine help to list supported machines')
    }
    return qemuProfile(qemu, machineType === 'none' ? 'pc' : machineType)
  } catch (error) {
    throw new OptionError(messageOf(error))
  }
}
