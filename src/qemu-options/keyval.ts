// QEMU's syntax for an option's argument: `value,name=value,...`, with its complaints word for word.

/** An option that is refused. Prints as `PROGRAM: -option argument: message`, or without the option if it has none. */
export class OptionError extends Error {
  override readonly name = 'OptionError'
}

/** An option that asks for text in place of a machine. */
export class HelpRequest extends Error {
  override readonly name = 'HelpRequest'

  constructor(
    readonly text: string,
    readonly exitCode: number,
    /** Where the text goes. */
    readonly output: 'stdout' | 'stderr' = 'stdout',
  ) {
    super('help was asked for')
  }
}

/** Is told of what QEMU warns of, without the option's name. */
export type Warn = (text: string) => void

/** Members in order; of several with one name the last counts. */
export type KeyValues = ReadonlyMap<string, string>

/**
 * Splits an argument at its commas; in a value two commas stand for one.
 * @param impliedName what a first part without `=` is the value of; without it that part is a switch, as all others are.
 * @param warn told of each part that is a switch, which QEMU deprecates.
 */
export function parseKeyValues(argument: string, impliedName: string | undefined, warn: Warn): KeyValues {
  const values = new Map<string, string>()
  let rest = argument
  const takeValue = () => {
    const [text = ''] = VALUE.exec(rest) ?? []
    rest = rest.slice(text.length)
    return text.replaceAll(',,', ',')
  }
  while (rest !== '') {
    const [name = ''] = /^[^=,]*/.exec(rest) ?? []
    if (rest[name.length] === '=') {
      rest = rest.slice(name.length + 1)
      values.set(name, takeValue())
    } else if (rest === argument && impliedName !== undefined) values.set(impliedName, takeValue())
    else {
      rest = rest.slice(name.length)
      if (HELP_WORDS.includes(name)) values.set('help', 'on')
      else values.set(...readSwitch(name, warn))
    }
    if (rest.startsWith(',')) rest = rest.slice(1)
  }
  return values
}

/** Up to a comma that is not doubled. */
const VALUE = /^(?:[^,]|,,)*/s

export const HELP_WORDS: readonly string[] = ['help', '?']

function readSwitch(part: string, warn: Warn): [string, string] {
  const isNegative = part.startsWith('no')
  const [name, value] = isNegative ? [part.slice(2), 'off'] : [part, 'on']
  warn(`warning: short-form boolean option '${part}' deprecated\nPlease use ${name}=${value} instead`)
  return [name, value]
}

/** @throws {OptionError} naming the first member that is not among `known`. */
export function checkNames(values: KeyValues, known: readonly string[]): void {
  for (const name of values.keys()) if (!known.includes(name)) throw new OptionError(`Invalid parameter '${name}'`)
}

/** The value of a switch such as `server=on`. @throws {OptionError} */
export function readOnOff(values: KeyValues, name: string): boolean {
  const value = values.get(name) ?? 'off'
  if (value !== 'on' && value !== 'off') throw new OptionError(`Parameter '${name}' expects 'on' or 'off'`)
  return value === 'on'
}

/** One of some words. @throws {OptionError} */
export function readWord<Word extends string>(name: string, value: string, words: readonly Word[]): Word {
  const found = words.find((word) => word === value)
  if (found === undefined) throw new OptionError(`Parameter '${name}' does not accept value '${value}'`)
  return found
}

/** Runs `read`; what it complains of gets the prefix in front. */
export function prefixErrors<Value>(prefix: string, read: () => Value): Value {
  try {
    return read()
  } catch (error) {
    throw error instanceof OptionError ? new OptionError(prefix + error.message) : error
  }
}
