// `-device pvpanic,...` and `-global pvpanic...`: the device's properties as QEMU's command line takes them.

import { JsonReader, type JsonResult } from '../monitor/json-reader.js'
import { isJsonObject, type JsonValue } from '../monitor/json-value.js'
import { isIdentifier } from '../monitor/qmp-commands.js'
import { HELP_WORDS, HelpRequest, type KeyValues, OptionError, parseKeyValues } from './qemu-keyval.js'

/** A pvpanic device that the command line asks for. */
export interface DeviceRequest {
  /** The option as written, for messages. */
  readonly option: string
  readonly id: string | undefined
  /** Written as JSON, where an integer must not be a string. */
  readonly isJson: boolean
  readonly properties: ReadonlyMap<string, JsonValue>
}

/** A device's ports and events, checked. */
export interface DeviceSettings {
  readonly ioport?: number
  readonly events?: number
}

/** A `-global`: the default of a device's property. */
export interface GlobalProperty {
  readonly driver: string
  readonly property: string
  readonly value: string
}

const DRIVER = 'pvpanic'
const BUS = 'isa.0'
const PROPERTIES = { ioport: { type: 'uint16', max: 0xffff }, events: { type: 'uint8', max: 0xff } } as const

/** What `-device pvpanic,help` prints. */
export function deviceHelp(defaultEvents: number): string {
  return [
    'pvpanic options:',
    `  events=<uint8>         -  (default: ${defaultEvents})`,
    '  ioport=<uint16>        -  (default: 1285)',
    '  pvpanic[0]=<child<memory-region>>',
    '',
  ].join('\n')
}

/**
 * Reads the argument of a `-device`, in either of QEMU's syntaxes.
 * @throws {OptionError | HelpRequest}
 */
export function parseDevice(argument: string, defaultEvents: number, warn: (text: string) => void): DeviceRequest {
  const isJson = argument.startsWith('{')
  const values = isJson ? readJson(argument) : parseKeyValues(argument, 'driver', warn)
  const driver = values.get('driver')
  if (typeof driver === 'string' && HELP_WORDS.includes(driver)) {
    throw new HelpRequest('Misc devices:\nname "pvpanic", bus ISA\n', 0)
  }
  if (driver === undefined || driver === '') throw new OptionError("Parameter 'driver' is missing")
  if (values.has('help')) {
    if (driver === DRIVER) throw new HelpRequest(deviceHelp(defaultEvents), 0)
    throw new OptionError(`Device '${String(driver)}' not found`)
  }
  const id = values.get('id')
  if (id !== undefined && !isIdentifier(id)) {
    throw new OptionError(
      "Parameter 'id' expects an identifier\nIdentifiers consist of letters, digits, '-', '.', '_', starting with a letter.",
    )
  }
  const properties = new Map<string, JsonValue>(values)
  for (const name of ['driver', 'id']) properties.delete(name)
  return { option: `-device ${argument}`, id, isJson, properties: checkDriver(String(driver), properties) }
}

function checkDriver(driver: string, properties: Map<string, JsonValue>): ReadonlyMap<string, JsonValue> {
  if (driver === 'i8257') throw new OptionError("Parameter 'driver' expects a pluggable device type")
  if (driver !== DRIVER) throw new OptionError(`'${driver}' is not a valid device model name`)
  const bus = properties.get('bus')
  if (bus !== undefined && bus !== BUS) throw new OptionError(`Bus '${String(bus)}' not found`)
  properties.delete('bus')
  return properties
}

function readJson(argument: string): ReadonlyMap<string, JsonValue> {
  const results: JsonResult[] = []
  new JsonReader((result) => results.push(result)).feed(new TextEncoder().encode(argument))
  const [result = { error: 'JSON parse error, premature EOI' }] = results
  if ('error' in result) throw new OptionError(result.error)
  if (!isJsonObject(result.value)) throw new OptionError('Invalid parameter type for device, expected: object')
  return result.value
}

/** @throws {OptionError} */
export function parseGlobal(argument: string, warn: (text: string) => void): GlobalProperty {
  const [, driver, property, value] = /^([^.=,]+)\.([^.=,]+)=(.*)$/s.exec(argument) ?? []
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
 * The settings of a device out of the globals and what it was given itself, which wins.
 * @throws {OptionError}
 */
export function deviceSettings(device: DeviceRequest, globals: readonly GlobalProperty[]): DeviceSettings {
  const settings: { ioport?: number; events?: number } = {}
  for (const { driver, property, value } of globals) {
    if (driver !== DRIVER) continue
    try {
      Object.assign(settings, readProperty(property, parseUnsigned(value)))
    } catch (error) {
      if (!(error instanceof OptionError)) throw error
      throw new OptionError(`can't apply global ${driver}.${property}=${value}: ${error.message}`)
    }
  }
  for (const [property, value] of device.properties) {
    Object.assign(settings, readProperty(property, device.isJson ? value : readInteger(property, String(value))))
  }
  return settings
}

/** @param value an integer, or anything else for what is none. */
function readProperty(name: string, value: JsonValue | undefined): DeviceSettings {
  const { type, max } = knownProperty(name)
  if (typeof value !== 'bigint') throw new OptionError(`Parameter '${name}' expects uint64`)
  if (value < 0n || value > BigInt(max)) throw new OptionError(`Parameter '${name}' expects ${type}_t`)
  return { [name]: Number(value) }
}

function knownProperty(name: string): (typeof PROPERTIES)[keyof typeof PROPERTIES] {
  if (name !== 'ioport' && name !== 'events') throw new OptionError(`Property '${DRIVER}.${name}' not found`)
  return PROPERTIES[name]
}

function readInteger(name: string, text: string): bigint {
  knownProperty(name)
  const value = parseUnsigned(text)
  if (value === undefined) throw new OptionError(`Parameter '${name}' expects integer`)
  return value
}

/** As C's `strtoull` with base 0; undefined for what is no number of 64 bits. */
function parseUnsigned(text: string): bigint | undefined {
  const [, sign, digits] = /^[ \t\n\v\f\r]*([+-]?)(0[xX][0-9a-fA-F]{1,30}|0[0-7]{0,30}|[1-9]\d{0,30})$/.exec(text) ?? []
  if (digits === undefined) return undefined
  const value = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits)
  if (BigInt.asUintN(64, value) !== value) return undefined
  return sign === '-' ? -value : value
}
