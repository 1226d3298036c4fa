// `-device` in both of QEMU's syntaxes, and `-global`: read, and checked against what the device has.

import { parseCInteger } from '../common/c-integer.js'
import { type JsonWords, PLAIN_WORDS, WORDS_WITH_PLACES } from '../json/parser.js'
import { JsonReader, type JsonResult } from '../json/reader.js'
import { isJsonObject, type JsonValue } from '../json/value.js'
import type { QemuFacts } from '../machine/qemu-versions.js'
import { PCI_SLOTS } from '../pci/pci-host.js'
import {
  BOARD_DEVICES,
  type DeviceProperty,
  type DeviceType,
  deviceHelp,
  devicesHelp,
  INTEGER_BITS,
  ISA_BUS,
} from './device-types.js'
import { isIdentifier, NO_IDENTIFIER } from './identifier.js'
import { HELP_WORDS, OptionError, parseKeyValues, prefixErrors, type Warn } from './keyval.js'

/** The argument of a `-device`. Nothing but its syntax and its ID has been checked. */
export interface DeviceRequest {
  /** The option as written, for messages. */
  readonly option: string
  readonly driver: JsonValue | undefined
  readonly id: string | undefined
  readonly bus: JsonValue | undefined
  readonly wantsHelp: boolean
  /** Written as JSON, where an integer must not be a string. */
  readonly isJson: boolean
  readonly properties: ReadonlyMap<string, JsonValue>
}

/** A `-global`: the default of a device's property. */
export interface GlobalProperty {
  readonly driver: string
  readonly property: string
  readonly value: string
}

/** A device's settings by name. */
export type DeviceSettings = Readonly<Record<string, number>>

/** @throws {OptionError} if it is damaged JSON, or has an ID that is none. */
export function parseDevice(argument: string, facts: QemuFacts, warn: Warn): DeviceRequest {
  const isJson = argument.startsWith('{')
  const words = facts.jsonErrorsHavePlace ? WORDS_WITH_PLACES : PLAIN_WORDS
  const values: ReadonlyMap<string, JsonValue> = isJson
    ? readJson(argument, words)
    : parseKeyValues(argument, 'driver', warn)
  const { driver, id, bus, ...properties } = Object.fromEntries(values)
  if (typeof id === 'string' && !isIdentifier(id)) throw new OptionError(NO_IDENTIFIER)
  return {
    option: `-device ${argument}`,
    driver,
    id: typeof id === 'string' ? id : undefined,
    bus,
    wantsHelp: values.has('help') || (typeof driver === 'string' && HELP_WORDS.includes(driver)),
    isJson,
    properties: new Map(Object.entries(properties)),
  }
}

function readJson(argument: string, words: JsonWords): ReadonlyMap<string, JsonValue> {
  const results: JsonResult[] = []
  const reader = new JsonReader((result) => results.push(result), undefined, words)
  const bytes = new TextEncoder().encode(argument.replace(/[ \t\n\r]+$/, ''))
  let end = 0
  while (results.length === 0 && end < bytes.length) reader.feed(bytes.subarray(end, ++end))
  if (results.length === 0) reader.end()
  const [result = { error: 'Expecting a JSON value' }] = results
  if ('error' in result) throw new OptionError(result.error)
  if (end < bytes.length) throw new OptionError('Expecting at most one JSON value')
  if (!isJsonObject(result.value)) throw new OptionError('Invalid parameter type for device, expected: object')
  return result.value
}

/** The type that a `-device` names. @throws {OptionError | HelpRequest} */
export function checkDriver(request: DeviceRequest, types: readonly DeviceType[], facts: QemuFacts): DeviceType {
  const { driver, bus, properties } = request
  if (typeof driver !== 'string') throw new OptionError("Parameter 'driver' is missing")
  if (HELP_WORDS.includes(driver)) throw devicesHelp(types, facts)
  const type = types.find((known) => known.driver === driver)
  if (properties.has('help')) throw type ? deviceHelp(type, facts) : new OptionError(`Device '${driver}' not found`)
  if (BOARD_DEVICES.includes(driver)) throw new OptionError("Parameter 'driver' expects a pluggable device type")
  if (type === undefined) throw new OptionError(`'${driver}' is not a valid device model name`)
  const isItsBus = type.bus === undefined ? bus === ISA_BUS : type.bus.test(String(bus))
  if (typeof bus === 'string' && !isItsBus) throw new OptionError(`Bus '${bus}' not found`)
  return type
}

/** @throws {OptionError} */
export function parseGlobal(argument: string, warn: Warn): GlobalProperty {
  const [, driver, property, value] = /^([^.=]+)\.([^=]+)=(.*)$/s.exec(argument) ?? []
  if (driver !== undefined && property !== undefined && value !== undefined) return { driver, property, value }
  const values = parseKeyValues(argument, undefined, warn)
  const unknown = [...values.keys()].find((name) => !['driver', 'property', 'value'].includes(name))
  if (unknown !== undefined) throw new OptionError(`Invalid parameter '${unknown}'`)
  const take = (name: string): string => {
    const value = values.get(name)
    if (value === undefined) throw new OptionError(`Parameter '${name}' is missing`)
    return value
  }
  return { driver: take('driver'), property: take('property'), value: take('value') }
}

/**
 * The settings of a device: its own win over those of the globals. What neither sets is absent.
 * @param request none for a device of the board's own.
 * @throws {OptionError}
 */
export function deviceSettings(
  type: DeviceType,
  request: DeviceRequest | undefined,
  globals: readonly GlobalProperty[],
  facts: QemuFacts,
): DeviceSettings {
  const settings: Record<string, number> = {}
  const set = (name: string, value: JsonValue | undefined) => {
    const property = findProperty(type, name, facts)
    settings[property.setting] = checkRange(property, value)
  }
  for (const { driver, property, value } of globals) {
    if (driver !== type.driver) continue
    const prefix = facts.globalErrorIsNamed ? `can't apply global ${driver}.${property}=${value}: ` : ''
    prefixErrors(prefix, () => set(property, readValue(type, property, value, facts)))
  }
  for (const [name, value] of request?.properties ?? []) {
    findProperty(type, name, facts)
    const integer = request?.isJson ? value : readValue(type, name, String(value), facts)
    if (integer === undefined) throw new OptionError(`Parameter '${name}' expects integer`)
    set(name, integer)
  }
  return settings
}

function findProperty({ driver, properties }: DeviceType, name: string, facts: QemuFacts): DeviceProperty {
  const found = properties.find((property) => property.name === name)
  if (found !== undefined) return found
  throw new OptionError(`Property '${facts.propertyErrorNamesType ? driver : ''}.${name}' not found`)
}

function readValue(type: DeviceType, name: string, text: string, facts: QemuFacts): bigint | undefined {
  return findProperty(type, name, facts).type === 'slot' ? readSlot(text) : readInteger(text, facts)
}

/** A slot in hexadecimal and perhaps a function, of which there is one: "4", "1f", "04.0". */
function readSlot(text: string): bigint {
  const [, digits] = /^(?:0x)?([0-9a-f]{1,2})(?:\.0)?$/i.exec(text) ?? []
  const slot = Number.parseInt(digits ?? '', 16)
  if (!(slot < PCI_SLOTS))
    throw new OptionError(`'${text}' is no slot from 0 to 1f with function 0, as addr needs here`)
  return BigInt(slot)
}

/** @param value an integer, or anything else for what is none. */
function checkRange({ name, type }: DeviceProperty, value: JsonValue | undefined): number {
  if (type === 'slot') {
    if (typeof value === 'bigint' && value >= 0n && value < PCI_SLOTS) return Number(value)
    throw new OptionError(`Parameter '${name}' expects a slot from 0 to ${PCI_SLOTS - 1} here`)
  }
  if (typeof value !== 'bigint') throw new OptionError(`Parameter '${name}' expects uint64`)
  if (BigInt.asUintN(INTEGER_BITS[type], value) !== value)
    throw new OptionError(`Parameter '${name}' expects ${type}_t`)
  return Number(value)
}

/** An integer of 64 bits as C reads it; undefined for anything else. */
function readInteger(text: string, { readsBinaryNumbers }: QemuFacts): bigint | undefined {
  if (readsBinaryNumbers && /^0[bB][01]{1,64}$/.test(text)) return BigInt(text)
  const value = parseCInteger(text)
  return value === 'too large' ? undefined : value
}
