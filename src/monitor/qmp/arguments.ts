// Checks a QMP command's arguments against what the command takes, with QEMU's order of checks and its words.

import { isJsonObject, type JsonObject, type JsonValue } from '../../json/value.js'
import { inQemusOrder } from '../../json/writer.js'
import type { QemuFacts } from '../../machine/qemu-versions.js'
import { QmpError } from './error.js'

/** What an argument may be: a kind of value, or one of some words. A `?` means that it may be absent. */
export type ArgumentType =
  | 'string'
  | 'string?'
  | 'boolean?'
  | 'integer?'
  | 'any'
  | 'any?'
  | 'capabilities?'
  | readonly string[]

/** A command's arguments by name, in the order in which QEMU checks them. */
export type ArgumentTypes = Readonly<Record<string, ArgumentType>>

type ArgumentValue<Type extends ArgumentType> = Type extends readonly (infer Word)[]
  ? Word | undefined
  : Type extends keyof ValueByName
    ? ValueByName[Type]
    : never

interface ValueByName {
  string: string
  'string?': string | undefined
  'boolean?': boolean | undefined
  'integer?': bigint | undefined
  any: JsonValue
  'any?': JsonValue | undefined
  'capabilities?': readonly string[] | undefined
}

export type Arguments<Types extends ArgumentTypes> = { readonly [Name in keyof Types]: ArgumentValue<Types[Name]> }

type Words = Pick<QemuFacts, 'unknownArgumentWords' | 'requestWords'>

const UNKNOWN_ARGUMENT: Readonly<Record<QemuFacts['unknownArgumentWords'], (name: string) => string>> = {
  invalid: (name) => `Invalid parameter '${name}'`,
  member: (name) => `QMP input object member '${name}' is unexpected`,
  parameter: (name) => `Parameter '${name}' is unexpected`,
}

/**
 * @param words how QEMU of the version says it.
 * @param open whether arguments beside those in `types` are let through.
 * @throws {QmpError} naming the argument that is missing, wrong or unexpected.
 */
export function checkArguments<Types extends ArgumentTypes>(
  types: Types,
  given: JsonObject,
  { unknownArgumentWords }: Words,
  open = false,
): Arguments<Types> {
  const checked = Object.entries(types).map(([name, type]) => [name, check(name, type, given.get(name))])
  // Of several QEMU names the one that its hash table has first, for small tables mostly the last given.
  const unexpected = [...given.keys()].reverse().find((name) => !Object.hasOwn(types, name))
  if (unexpected !== undefined && !open) throw new QmpError(UNKNOWN_ARGUMENT[unknownArgumentWords](unexpected))
  return Object.fromEntries(checked) as Arguments<Types>
}

function check(name: string, type: ArgumentType, value: JsonValue | undefined): unknown {
  if (value === undefined) {
    if (type === 'string' || type === 'any') throw new QmpError(`Parameter '${name}' is missing`)
    return undefined
  }
  if (typeof type !== 'string') return checkWord(name, type, value)
  switch (type) {
    case 'any':
    case 'any?':
      return value
    case 'capabilities?':
      return checkCapabilities(name, value)
    case 'integer?':
      return checkKind(name, 'integer', typeof value === 'bigint' && BigInt.asIntN(64, value) === value, value)
    case 'boolean?':
      return checkKind(name, 'boolean', typeof value === 'boolean', value)
    default:
      return checkKind(name, 'string', typeof value === 'string', value)
  }
}

function checkKind(name: string, kind: string, isKind: boolean, value: JsonValue): JsonValue {
  if (!isKind) throw new QmpError(`Invalid parameter type for '${name}', expected: ${kind}`)
  return value
}

function checkWord(name: string, allowed: readonly string[], value: JsonValue): string {
  const word = String(checkKind(name, 'string', typeof value === 'string', value))
  if (!allowed.includes(word)) throw new QmpError(`Parameter '${name}' does not accept value '${word}'`)
  return word
}

/** The only capability of a QMP server, QEMU's included. */
export const OOB = 'oob'

function checkCapabilities(name: string, value: JsonValue): readonly string[] {
  if (!Array.isArray(value)) throw new QmpError(`Invalid parameter type for '${name}', expected: array`)
  return value.map((element: JsonValue, index) => {
    const word = String(checkKind(`${name}[${index}]`, 'string', typeof element === 'string', element))
    if (word !== OOB) throw new QmpError(`Parameter 'null' does not accept value '${word}'`)
    return word
  })
}

/** What a QMP request asks for. */
export interface Request {
  readonly command: string
  readonly arguments: JsonObject
  /** Sent with `exec-oob` in place of `execute`. */
  readonly outOfBand: boolean
}

const NO_OBJECT: Readonly<Record<QemuFacts['requestWords'], string>> = {
  'object expected': "Expected 'object' in QMP input",
  'invalid JSON': 'Invalid JSON syntax',
  member: 'QMP input must be a JSON object',
}

/**
 * Reads the envelope of a request.
 * @throws {QmpError}
 */
export function checkRequest(input: JsonValue, oobEnabled: boolean, { requestWords }: Words): Request {
  if (!isJsonObject(input)) throw new QmpError(NO_OBJECT[requestWords])
  const isOld = requestWords !== 'member'
  const member = isOld ? 'QMP input object member' : 'QMP input member'
  let commandMember: string | undefined
  let command = ''
  let given: JsonObject = new Map()
  for (const [name, value] of inQemusOrder([...input])) {
    if (name === 'execute' || (name === 'exec-oob' && oobEnabled)) {
      if (typeof value !== 'string') {
        throw new QmpError(`${member} '${name}' ${isOld ? "expects 'string'" : 'must be a string'}`)
      }
      if (commandMember !== undefined) {
        throw new QmpError(`${member} '${name}' clashes with '${commandMember}'`)
      }
      commandMember = name
      command = value
    } else if (name === 'arguments') {
      if (!isJsonObject(value))
        throw new QmpError(`${member} 'arguments' ${isOld ? "expects 'object'" : 'must be an object'}`)
      given = value
    } else if (name !== 'id') throw new QmpError(`${member} '${name}' is unexpected`)
  }
  if (commandMember === undefined) throw new QmpError("QMP input lacks member 'execute'")
  return { command, arguments: given, outOfBand: commandMember === 'exec-oob' }
}
