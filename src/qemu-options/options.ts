// Every option of the command line in one table: how it is written, what help says of it, and how it is read.

import type { MachineOptions } from '../machine/machine-options.js'
import type { QemuFacts } from '../machine/qemu-versions.js'
import { parseActions } from './actions.js'
import { type CharacterDevice, parseCharacterDevice, parseSocketChardev } from './chardev.js'
import { type DeviceRequest, type GlobalProperty, parseDevice, parseGlobal } from './device.js'
import { checkNames, HELP_WORDS, OptionError, parseKeyValues, readOnOff, readWord, type Warn } from './keyval.js'
import { DEFAULT_MEMORY, parseMemory } from './memory.js'

/** A socket, and the option that asks for it. */
export interface ChosenDevice {
  readonly option: string
  readonly device: CharacterDevice
}

/** What options say, in the order in which they stand. */
export class CollectedOptions {
  /** What QEMU of the version that is imitated does. */
  readonly facts: QemuFacts
  readonly warn: Warn
  machine: MachineOptions
  machineType = 'pc'
  readonly devices: DeviceRequest[] = []
  readonly globals: GlobalProperty[] = []
  readonly chardevs = new Map<string, ChosenDevice>()
  readonly monitors: { readonly option: string; readonly chardev: string; readonly mode: string }[] = []
  readonly qmp: ChosenDevice[] = []
  qtest: CharacterDevice | undefined
  qtestLog: string | undefined
  name: string | undefined
  uuid: string | undefined
  bios: string | undefined
  pidFile: string | undefined
  memorySize = DEFAULT_MEMORY
  preconfig = false
  inBackground = false
  endsWithParent = false
  /** What QEMU refuses only when it makes the machine, without the option's name. */
  refusal: OptionError | undefined
  asksFor: 'help' | 'version' | 'machines' | undefined

  constructor(facts: QemuFacts, warn: Warn) {
    this.facts = facts
    this.warn = warn
    this.machine = { onPanic: facts.panicByDefault }
  }
}

/** An option. */
export interface Option {
  /** Its names without a dash. */
  readonly names: readonly string[]
  /** What follows it, as help writes it; without it nothing follows. */
  readonly argument?: string
  readonly help: string
  /** Whether QEMU of a version has it. Always, unless said. */
  readonly exists?: (facts: QemuFacts) => boolean
  /** It decides what a panic does: also read where other options are passed over. */
  readonly concernsPanics?: true
  read(all: CollectedOptions, argument: string): void
}

const NO_EFFECT = 'has no effect'

/** An option about what this machine does not have. Its members are checked by name, and have no effect. */
function ignored(name: string, argument: string, members: readonly string[]): Option {
  return {
    names: [name],
    argument,
    help: NO_EFFECT,
    read: (all, text) => checkNames(parseKeyValues(text, undefined, all.warn), members),
  }
}

/** The same for an option that QEMU looks at only when it makes the machine. */
function ignoredProperty(
  name: string,
  argument: string,
  impliedName: string,
  members: readonly string[],
  findFault: (name: string, value: string) => string | undefined,
): Option {
  return {
    names: [name],
    argument,
    help: NO_EFFECT,
    read: (all, text) => {
      const faults = [...parseKeyValues(text, impliedName, all.warn)].map(([member, value]) =>
        members.includes(member) ? findFault(member, value) : `Parameter '${name}.${member}' is unexpected`,
      )
      const fault = faults.find((found) => found !== undefined)
      if (fault !== undefined) all.refusal ??= new OptionError(fault)
    },
  }
}

/** An option about hardware or windows that this machine does not have, of which it takes only what asks for none. */
function onlyNone(names: readonly string[]): Option {
  return {
    names,
    argument: 'none',
    help: `only "none", which ${NO_EFFECT}`,
    read: (_, argument) => refuseAllButNone(argument),
  }
}

/** @param neededBy the member that a version cannot do without. */
function noAudio(name: string, neededBy: (facts: QemuFacts) => string | undefined): Option {
  return {
    names: [name],
    argument: '[driver=]none[,MEMBER=VALUE]...',
    help: `only "none", which ${NO_EFFECT}`,
    read: (all, argument) => {
      const values = parseKeyValues(argument, 'driver', all.warn)
      const needed = neededBy(all.facts)
      if (needed !== undefined && !values.has(needed)) throw new OptionError(`Parameter '${needed}' is missing`)
      refuseAllButNone(values.get('driver'))
    },
  }
}

function refuseAllButNone(what: string | undefined): void {
  if (what !== 'none') throw new OptionError('only none is supported here')
}

const MON_DEPRECATED = "warning: '-mon' is deprecated, use '-object' with 'monitor-hmp' or 'monitor-qmp' types instead"

/** The QEMU version to behave like. QEMU itself has no such option. */
export const VERSION_OPTION = 'as-qemu'

/** In the order in which help lists them. */
export const OPTIONS: readonly Option[] = [
  {
    names: ['help', 'h'],
    help: 'prints this',
    read: (all) => {
      all.asksFor = 'help'
    },
  },
  {
    names: ['version'],
    help: 'prints the version of QEMU that is imitated',
    read: (all) => {
      all.asksFor ??= 'version'
    },
  },
  {
    names: [VERSION_OPTION],
    argument: 'VERSION',
    help: 'the version of QEMU to imitate, such as 7.2; the newest known',
    read: () => {}, // it is looked at before all others
  },
  {
    names: ['machine', 'M'],
    argument: '[type=]TYPE[,accel=tcg|qtest]',
    help: 'the machine type; "help" lists them',
    read: readMachine,
  },
  {
    names: ['m'],
    argument: '[size=]SIZE',
    help: 'guest memory, in MiB or with a suffix such as k or G; 128M',
    read: (all, argument) => {
      all.memorySize = parseMemory(argument, all.facts, all.warn)
    },
  },
  {
    names: ['device'],
    argument: 'DRIVER[,PROPERTY=VALUE]...',
    help: 'adds a device; "help" lists them, "DRIVER,help" lists its properties',
    concernsPanics: true,
    read: (all, argument) => void all.devices.push(parseDevice(argument, all.facts, all.warn)),
  },
  {
    names: ['global'],
    argument: 'DRIVER.PROPERTY=VALUE',
    help: "the default of a device's property",
    concernsPanics: true,
    read: (all, argument) => void all.globals.push(parseGlobal(argument, all.warn)),
  },
  {
    names: ['action'],
    argument: 'EVENT=ACTION[,EVENT=ACTION]...',
    help: 'what is done at panic, shutdown and reboot; "help" lists the events',
    concernsPanics: true,
    exists: ({ actions }) => actions,
    read: (all, argument) => {
      all.machine = { ...all.machine, ...parseActions(argument, all.warn) }
    },
  },
  {
    names: ['no-shutdown'],
    help: 'a shutdown pauses the machine',
    concernsPanics: true,
    read: (all) => {
      all.machine = { ...all.machine, shutdownAction: 'pause' }
    },
  },
  {
    names: ['no-reboot'],
    help: 'a reset ends the machine',
    concernsPanics: true,
    read: (all) => {
      all.machine = { ...all.machine, rebootAction: 'shutdown' }
    },
  },
  {
    names: ['S'],
    help: 'does not start the guest: "cont" does',
    read: (all) => {
      all.machine = { ...all.machine, startPaused: true }
    },
  },
  {
    names: ['preconfig'],
    help: 'waits for "x-exit-preconfig" before it starts the guest',
    exists: ({ laterCommands }) => laterCommands.some((name: string) => name === 'x-exit-preconfig'),
    read: (all) => {
      all.preconfig = true
    },
  },
  {
    names: ['qmp'],
    argument: 'stdio|unix:PATH|tcp:HOST:PORT[,server=on,wait=off]',
    help: 'a QMP monitor; with server=on it listens',
    read: (all, argument) => {
      all.qmp.push({ option: `-qmp ${argument}`, device: parseCharacterDevice(argument, all.warn) })
    },
  },
  {
    names: ['chardev'],
    argument: 'socket,id=ID,path=PATH|host=HOST,port=PORT[,server=on,wait=off]',
    help: 'a socket for -mon; with server=on it listens',
    read: (all, argument) => {
      const { id, device } = parseSocketChardev(argument, all.warn)
      if (all.chardevs.has(id)) throw new OptionError(`Duplicate ID '${id}' for chardev`)
      all.chardevs.set(id, { option: `-chardev ${argument}`, device })
    },
  },
  {
    names: ['mon'],
    argument: '[chardev=]ID,mode=control',
    help: 'a QMP monitor at that socket',
    read: (all, argument) => {
      if (all.facts.monIsDeprecated) all.warn(MON_DEPRECATED)
      all.monitors.push({ option: `-mon ${argument}`, ...readMonitor(argument, all.warn) })
    },
  },
  {
    names: ['qtest'],
    argument: 'stdio|unix:PATH|tcp:HOST:PORT[,server=on,wait=off]',
    help: 'a qtest server; with server=on it listens',
    read: (all, argument) => {
      all.qtest = parseCharacterDevice(argument, all.warn)
    },
  },
  {
    names: ['qtest-log'],
    argument: 'FILE|none',
    help: 'where the qtest server logs; standard error',
    read: (all, argument) => {
      all.qtestLog = argument
    },
  },
  {
    names: ['name'],
    argument: '[guest=]NAME[,debug-threads=on|off][,process=NAME]',
    help: "the guest's name",
    read: (all, argument) => {
      const values = parseKeyValues(argument, 'guest', all.warn)
      checkNames(values, ['guest', 'debug-threads', 'process'])
      readOnOff(values, 'debug-threads')
      all.name = values.get('guest')
    },
  },
  { names: ['uuid'], argument: 'UUID', help: "the guest's UUID", read: readUuid },
  {
    names: ['bios'],
    argument: 'FILE',
    help: 'must be a file that can be read; nothing executes it',
    read: (all, argument) => {
      all.bios = argument
    },
  },
  {
    names: ['pidfile'],
    argument: 'FILE',
    help: 'holds the number of this process until it ends',
    read: (all, argument) => {
      all.pidFile = argument
    },
  },
  {
    names: ['run-with'],
    exists: ({ runWith }) => runWith.length > 0,
    argument: '[async-teardown=on|off][,exit-with-parent=on|off]',
    help: 'exit-with-parent=on: ends when the process ends that started it',
    read: (all, argument) => {
      const values = parseKeyValues(argument, undefined, all.warn)
      checkNames(values, all.facts.runWith)
      readOnOff(values, 'async-teardown')
      all.endsWithParent = readOnOff(values, 'exit-with-parent')
    },
  },
  {
    names: ['daemonize'],
    help: 'goes on in the background once its sockets are open',
    read: (all) => {
      all.inBackground = true
    },
  },
  { names: ['nodefaults'], help: NO_EFFECT, read: () => {} },
  { names: ['no-user-config'], help: NO_EFFECT, read: () => {} },
  {
    names: ['accel'],
    argument: 'tcg|qtest',
    help: NO_EFFECT,
    read: (_, argument) => readAccelerators(argument),
  },
  { names: ['cpu'], argument: 'MODEL[,FEATURE]...', help: NO_EFFECT, read: () => {} },
  ignoredProperty(
    'smp',
    '[cpus=]N[,maxcpus=N][,MEMBER=N]...',
    'cpus',
    ['cpus', 'maxcpus', 'sockets', 'dies', 'clusters', 'modules', 'cores', 'threads'],
    (name, value) => (/^[ \t]*\+?\d+$/.test(value) ? undefined : `Parameter 'smp.${name}' expects integer`),
  ),
  ignoredProperty(
    'boot',
    '[order=]DRIVES[,once=DRIVES][,MEMBER=VALUE]...',
    'order',
    ['order', 'once', 'menu', 'splash', 'splash-time', 'reboot-timeout', 'strict'],
    (name, value) => {
      const [drive] = name === 'order' || name === 'once' ? (/[^a-p]/.exec(value) ?? []) : []
      return drive === undefined ? undefined : `Invalid boot device '${drive}'`
    },
  ),
  ignored('rtc', '[base=utc|localtime|DATE][,clock=CLOCK][,driftfix=none|slew]', ['base', 'clock', 'driftfix']),
  ignored('msg', '[timestamp=on|off][,guest-name=on|off]', ['timestamp', 'guest-name']),
  noAudio('audio', ({ audioNeedsModel }) => (audioNeedsModel ? 'model' : undefined)),
  noAudio('audiodev', () => 'id'),
  onlyNone(['display', 'vga', 'serial', 'parallel', 'monitor', 'net', 'nic']),
]

/** The option of a name. */
export const OPTION_BY_NAME: ReadonlyMap<string, Option> = new Map(
  OPTIONS.flatMap((option) => option.names.map((name) => [name, option] as const)),
)

function readMachine(all: CollectedOptions, argument: string): void {
  if (HELP_WORDS.includes(argument)) all.asksFor = 'machines'
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

function readMonitor(argument: string, warn: Warn): { chardev: string; mode: string } {
  const values = parseKeyValues(argument, 'chardev', warn)
  checkNames(values, ['chardev', 'mode', 'pretty'])
  const mode = readWord('mode', values.get('mode') ?? 'readline', ['readline', 'control'])
  const chardev = values.get('chardev')
  if (chardev === undefined) throw new OptionError("Parameter 'chardev' is missing")
  return { chardev, mode }
}

function readUuid(all: CollectedOptions, argument: string): void {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(argument)) {
    throw new OptionError('failed to parse UUID string: wrong format')
  }
  all.uuid = argument.toLowerCase()
}
