// A Machine from a QEMU command line: the options that decide what a panic does, read as QEMU reads them.

import type { DmaMemory } from '../devices/i8257.js'
import { PVPANIC_DEFAULT_IOBASE } from '../devices/pvpanic.js'
import type { CpuControl } from '../machine/cpu-control.js'
import { Machine, type MachineActions, type PanicMode } from '../machine/machine.js'
import { MachineError } from '../machine/machine-error.js'
import { qemuProfile } from '../machine/qemu-versions.js'

/** What is around the machine, and which QEMU it is. */
export interface LaunchOptions {
  /** QEMU version, '1.5.0' to '10.0'. The newest. */
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

const PORT_MAX = 0xffff
const PANIC_MODES: Readonly<Record<string, Partial<MachineActions> & { onPanic: PanicMode }>> = {
  none: { onPanic: 'log' },
  pause: { onPanic: 'preserve' },
  shutdown: { onPanic: 'destroy', panicExitCode: 0 },
  'exit-failure': { onPanic: 'destroy', panicExitCode: 1 },
}

type Properties = ReadonlyMap<string, string>

interface DeviceOption {
  /** As written, for errors. */
  readonly text: string
  readonly driver: string
  readonly properties: Properties
}

interface CommandLine {
  readonly devices: readonly DeviceOption[]
  /** Of the pvpanic device type, the last one of a name wins. */
  readonly globals: Properties
  readonly actions: Partial<MachineActions>
}

/**
 * Starts a machine in run state 'prelaunch', as libvirt starts QEMU with `-S`. Options that have nothing to do with
 * panics are passed over.
 * @throws {MachineError} in QEMU's words, if QEMU would not start.
 */
export function launchMachine(args: readonly string[], options: LaunchOptions = {}): Machine {
  const { portProperties = ['ioport'], typeName = 'pvpanic', ...rest } = options
  const { devices, globals, actions } = readCommandLine(args, typeName)
  const { builtinPvpanic, severalPvpanics } = qemuProfile(options.qemu, options.machineType)

  const portOf = (device: DeviceOption | undefined): number => {
    const where = device === undefined ? '' : `-device ${device.text}: `
    const fromGlobals = readPort(globals, portProperties, (name, value, reason) => {
      return new MachineError(`${where}can't apply global ${typeName}.${name}=${value}: ${reason}`)
    })
    const own = readPort(device?.properties ?? new Map(), portProperties, (_name, _value, reason) => {
      return new MachineError(`${where}${reason}`)
    })
    return own ?? fromGlobals ?? PVPANIC_DEFAULT_IOBASE
  }
  for (const { driver, text } of devices) {
    if (driver !== typeName) throw new MachineError(`-device ${text}: '${driver}' is not a valid device model name`)
  }
  const ports = [...(builtinPvpanic ? [portOf(undefined)] : []), ...devices.map(portOf)]
  const [iobase = null, secondIobase] = ports
  if (ports.length > (severalPvpanics ? 2 : 1)) {
    throw new MachineError(`-device ${devices.at(-1)?.text}: duplicate fw_cfg file name: etc/pvpanic-port`)
  }
  return new Machine({
    ...rest,
    ...actions,
    iobase,
    ...(secondIobase === undefined ? {} : { secondIobase }),
    startPaused: true,
  })
}

function readCommandLine(args: readonly string[], typeName: string): CommandLine {
  const devices: DeviceOption[] = []
  const globals = new Map<string, string>()
  // QEMU's own default. Under -no-shutdown, which libvirt always gives, it is the same as 'pause'.
  let actions: Partial<MachineActions> = { onPanic: 'destroy' }
  for (const [index, option] of args.entries()) {
    const value = args[index + 1] ?? ''
    if (option === '-no-shutdown') actions = { ...actions, shutdownAction: 'pause' }
    if (option === '-no-reboot') actions = { ...actions, rebootAction: 'shutdown' }
    if (option === '-action') actions = { ...actions, ...readActions(value) }
    if (option === '-device') {
      const device = readDevice(value)
      if (device.driver === typeName || /(^|-)pvpanic$/.test(device.driver)) devices.push(device)
    }
    if (option === '-global') {
      const own = value.startsWith(`${typeName}.`) ? value.slice(typeName.length + 1) : ''
      const [, name, setting] = /^([^=]+)=(.*)$/.exec(own) ?? []
      if (name !== undefined && setting !== undefined) globals.set(name, setting)
    }
  }
  return { devices, globals, actions }
}

/** `key=value,key=value`, the form of every QEMU option that is not JSON. */
function readPairs(text: string): Map<string, string> {
  return new Map(
    text.split(',').map((pair): [string, string] => {
      const equals = pair.indexOf('=')
      return equals === -1 ? [pair, 'on'] : [pair.slice(0, equals), pair.slice(equals + 1)]
    }),
  )
}

function readDevice(text: string): DeviceOption {
  if (!text.startsWith('{')) {
    const [driver = '', ...rest] = text.split(',')
    return { text, driver, properties: rest.length === 0 ? new Map() : readPairs(rest.join(',')) }
  }
  const { driver, ...properties } = parseObject(text)
  const written = Object.entries(properties).map(([name, value]): [string, string] => [name, String(value)])
  return { text, driver: String(driver), properties: new Map(written) }
}

function parseObject(text: string): Record<string, unknown> {
  try {
    return { ...JSON.parse(text) }
  } catch {
    throw new MachineError(`-device ${text}: JSON parse error`)
  }
}

function readActions(text: string): Partial<MachineActions> {
  const actions: { -readonly [Key in keyof MachineActions]?: MachineActions[Key] } = {}
  for (const [name, value] of readPairs(text)) {
    const refused = new MachineError(`-action ${text}: Parameter '${name}' does not accept value '${value}'`)
    if (name === 'panic') {
      if (!Object.hasOwn(PANIC_MODES, value)) throw refused
      Object.assign(actions, PANIC_MODES[value])
    } else if (name === 'shutdown') {
      if (value !== 'poweroff' && value !== 'pause') throw refused
      actions.shutdownAction = value
    } else if (name === 'reboot') {
      if (value !== 'reset' && value !== 'shutdown') throw refused
      actions.rebootAction = value
    } else throw new MachineError(`-action ${text}: Invalid parameter '${name}'`)
  }
  return actions
}

function readPort(
  properties: Properties,
  portProperties: readonly string[],
  refused: (name: string, value: string, reason: string) => MachineError,
): number | undefined {
  let port: number | undefined
  for (const [name, value] of properties) {
    if (name === 'events') continue
    if (!portProperties.includes(name)) throw refused(name, value, `Property 'pvpanic.${name}' not found`)
    port = Number(value === '' ? Number.NaN : value)
    if (!Number.isInteger(port)) throw refused(name, value, `Parameter '${name}' expects integer`)
    if (port < 0 || port > PORT_MAX) throw refused(name, value, `Parameter '${name}' expects uint16_t`)
  }
  return port
}
