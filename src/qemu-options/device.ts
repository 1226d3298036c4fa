// `-device pvpanic,...` and `-global pvpanic...`: the device's properties as QEMU's command line takes them.

import { parseCInteger } from '../common/c-integer.js'
import { PVPANIC_DEFAULT_IOBASE } from '../devices/pvpanic.js'
import { JsonReader, type JsonResult } from '../json/reader.js'
import { isJsonObject, type JsonValue } from '../json/value.js'
import type { MachineOptions } from '../machine/machine-options.js'
import type { QemuProfile } from '../machine/qemu-versions.js'
import { isIdentifier, NO_IDENTIFIER } from './identifier.js'
import { HELP_WORDS, HelpRequest, type KeyValues, OptionError, parseKeyValues, prefixErrors } from './keyval.js'

/** The bus that a pvpanic device is on. */
export const ISA_BUS = 'isa.0'

/** A pvpanic device that the command line asks for. */
export interface DeviceRequest {
  /** The option as written, for messages. */
  readonly option: string
  readonly id: string | undefined
  /** Written as JSON, where an integer must not be a string. */
  readonly isJson: boolean
  readonly properties: ReadonlyMap<string, JsonValue>
}

/** A device's port and events, checked. */
interface DeviceSettings {
  readonly ioport?: number
  readonly events?: number
}

/** A `-global`: the default of a device's property. */
export interface GlobalProperty {
  readonly driver: string
  readonly property: string
  readonly value: string
}

/** What a command line calls the device and the properties that give its port. */
export interface PvpanicNames {
  readonly driver: string
  readonly portProperties: readonly string[]
}

/** The names that every QEMU has. */
export const QEMU_NAMES: PvpanicNames = { driver: 'pvpanic', portProperties: ['ioport'] }

const PROPERTIES = { ioport: { type: 'uint16', max: 0xffff }, events: { type: 'uint8', max: 0xff } } as const

/** What `-device pvpanic,help` prints. */
export function deviceHelp(defaultEvents: number): string {
  return [
    'pvpanic options:',
    `  events=<uint8>         -  (default: ${defaultEvents})`,
    `  ioport=<uint16>        -  (default: ${PVPANIC_DEFAULT_IOBASE})`,
    '  pvpanic[0]=<child<memory-region>>',
    '',
  ].join('\n')
}

/** The driver that the argument of a `-device` names, if it names one. @throws {OptionError} if it is damaged JSON. */
export function deviceDriver(argument: string): string | undefined {
  const driver = readMembers(argument, () => {}).get('driver')
  return typeof driver === 'string' ? driver : undefined
}

/**
 * Reads the argument of a `-device`, in either of QEMU's syntaxes.
 * @throws {OptionError | HelpRequest}
 */
export function parseDevice(
  argument: string,
  defaultEvents: number,
  warn: (text: string) => void,
  names: PvpanicNames = QEMU_NAMES,
): DeviceRequest {
  const isJson = isJsonArgument(argument)
  const values = readMembers(argument, warn)
  const driver = values.get('driver')
  const id = checkId(values)
  if (typeof driver === 'string' && HELP_WORDS.includes(driver)) {
    throw new HelpRequest('Misc devices:\nname "pvpanic", bus ISA\n', 0)
  }
  if (typeof driver !== 'string') throw new OptionError("Parameter 'driver' is missing")
  if (values.has('help')) {
    if (driver === names.driver) throw new HelpRequest(deviceHelp(defaultEvents), 0)
    throw new OptionError(`Device '${driver}' not found`)
  }
  const properties = new Map<string, JsonValue>(values)
  for (const name of ['driver', 'id']) properties.delete(name)
  return { option: `-device ${argument}`, id, isJson, properties: checkDriver(driver, properties, names) }
}

/**
 * Refuses what QEMU refuses before it makes any device: what is no argument of a `-device`, and an ID that is none.
 * @returns whether it asks for help, which QEMU gives before it makes any device, too.
 * @throws {OptionError}
 */
export function checkDeviceSyntax(argument: string, warn: (text: string) => void): boolean {
  const values = readMembers(argument, warn)
  checkId(values)
  const driver = values.get('driver')
  return values.has('help') || (typeof driver === 'string' && HELP_WORDS.includes(driver))
}

/** The ID, if there is one; in JSON what is no string counts as none. */
function checkId(values: ReadonlyMap<string, JsonValue>): string | undefined {
  const id = values.get('id')
  if (typeof id !== 'string') return undefined
  if (!isIdentifier(id)) throw new OptionError(NO_IDENTIFIER)
  return id
}

function checkDriver(
  driver: string,
  properties: Map<string, JsonValue>,
  names: PvpanicNames,
): ReadonlyMap<string, JsonValue> {
  if (driver === 'i8257') throw new OptionError("Parameter 'driver' expects a pluggable device type")
  if (driver !== names.driver) throw new OptionError(`'${driver}' is not a valid device model name`)
  const bus = properties.get('bus')
  if (typeof bus === 'string' && bus !== ISA_BUS) throw new OptionError(`Bus '${bus}' not found`)
  properties.delete('bus')
  return properties
}

const isJsonArgument = (argument: string) => argument.startsWith('{')

function readMembers(argument: string, warn: (text: string) => void): ReadonlyMap<string, JsonValue> {
  return isJsonArgument(argument) ? readJson(argument) : parseKeyValues(argument, 'driver', warn)
}

function readJson(argument: string): ReadonlyMap<string, JsonValue> {
  const results: JsonResult[] = []
  const reader = new JsonReader((result) => results.push(result))
  const bytes = new TextEncoder().encode(argument.replace(/[ \t\n\r]+$/, ''))
  let end = 0
  while (results.length === 0 && end < bytes.length) reader.feed(bytes.subarray(end, ++end))
  const [result = { error: 'JSON parse error, premature EOI' }] = results
  if ('error' in result) throw new OptionError(result.error)
  if (end < bytes.length) throw new OptionError('Expecting at most one JSON value')
  if (!isJsonObject(result.value)) throw new OptionError('Invalid parameter type for device, expected: object')
  return result.value
}

/** @throws {OptionError} */
export function parseGlobal(argument: string, warn: (text: string) => void): GlobalProperty {
  const [, driver, property, value] = /^([^.=]+)\.([^=]+)=(.*)$/s.exec(argument) ?? []
  if (driver !== undefined && property !== undefined && value !== undefined) return { driver, property, value }
  const values = parseKeyValues(argument, undefined, warn)
  const unknown = [...values.keys()].find((name) => !['driver', 'property', 'value'].includes(name))
  if (unknown !== undefined) throw new OptionError(`Invalid parameter '${unknown}'`)
  return { driver: take(values, 'driver'), property: take(values, 'property'), value: take(values, 'value') }
}

function take(values: KeyValues, name: string): string {
  const value = values.get(name)
  if (value === undefined) throw new OptionError(`Parameter '${name}' is missing`)
  return value
}

/**
 * The pvpanic devices of a machine: the board's own, if it has one, then those that are asked for. Only a global reaches
 * the board's own. Of two devices the first one's `events` count for both.
 * @param devices as `parseDevice` gave them.
 * @throws {OptionError} naming the option.
 */
export function pvpanicOptions(
  devices: readonly DeviceRequest[],
  globals: readonly GlobalProperty[],
  { builtinPvpanic, severalPvpanics }: Pick<QemuProfile, 'builtinPvpanic' | 'severalPvpanics'>,
  names: PvpanicNames = QEMU_NAMES,
): Pick<MachineOptions, 'iobase' | 'secondIobase' | 'events'> {
  const builtin = builtinPvpanic ? [deviceSettings(undefined, globals, names)] : []
  const added = devices.map((device) =>
    prefixErrors(`${device.option}: `, () => deviceSettings(device, globals, names)),
  )
  checkDuplicates(devices)
  const [first, second, ...more] = [...builtin, ...added]
  const isOneTooMany = severalPvpanics ? more.length > 0 : second !== undefined
  if (isOneTooMany) throw new OptionError(`${devices.at(-1)?.option}: duplicate fw_cfg file name: etc/pvpanic-port`)
  return {
    iobase: first === undefined ? null : (first.ioport ?? PVPANIC_DEFAULT_IOBASE),
    ...(first?.events !== undefined && { events: first.events }),
    ...(second !== undefined && { secondIobase: second.ioport ?? PVPANIC_DEFAULT_IOBASE }),
  }
}

function checkDuplicates(devices: readonly DeviceRequest[]): void {
  const ids = new Set<string>()
  for (const { option, id } of devices) {
    if (id !== undefined && ids.has(id)) throw new OptionError(`${option}: Duplicate ID '${id}' for device`)
    if (id !== undefined) ids.add(id)
  }
}

/** The settings of a device out of the globals and what it was given itself, which wins. */
function deviceSettings(
  device: DeviceRequest | undefined,
  globals: readonly GlobalProperty[],
  names: PvpanicNames,
): DeviceSettings {
  const settings: { ioport?: number; events?: number } = {}
  for (const { driver, property, value } of globals) {
    if (driver !== names.driver) continue
    prefixErrors(`can't apply global ${driver}.${property}=${value}: `, () =>
      Object.assign(settings, readProperty(property, parseUnsigned(value), names)),
    )
  }
  for (const [property, value] of device?.properties ?? []) {
    const read = device?.isJson ? value : readInteger(property, String(value), names)
    Object.assign(settings, readProperty(property, read, names))
  }
  return settings
}

/** @param value an integer, or anything else for what is none. */
function readProperty(name: string, value: JsonValue | undefined, names: PvpanicNames): DeviceSettings {
  const setting = knownProperty(name, names)
  const { type, max } = PROPERTIES[setting]
  if (typeof value !== 'bigint') throw new OptionError(`Parameter '${name}' expects uint64`)
  if (value < 0n || value > BigInt(max)) throw new OptionError(`Parameter '${name}' expects ${type}_t`)
  return { [setting]: Number(value) }
}

function knownProperty(name: string, { driver, portProperties }: PvpanicNames): keyof DeviceSettings {
  if (portProperties.includes(name)) return 'ioport'
  if (name !== 'events') throw new OptionError(`Property '${driver}.${name}' not found`)
  return name
}

function readInteger(name: string, text: string, names: PvpanicNames): bigint {
  knownProperty(name, names)
  const value = parseUnsigned(text)
  if (value === undefined) throw new OptionError(`Parameter '${name}' expects integer`)
  return value
}

/** An integer of 64 bits as C reads it; undefined for anything else. */
export function parseUnsigned(text: string): bigint | undefined {
  const value = parseCInteger(text)
  return value === 'too large' ? undefined : value
}
