// The argument of `-m`: how much memory the guest has.

import { parseCInteger } from '../common/c-integer.js'
import type { QemuFacts } from '../machine/qemu-versions.js'
import { checkNames, OptionError, parseKeyValues, type Warn } from './keyval.js'

export const DEFAULT_MEMORY = 128 << 20
const LARGEST_MEMORY = 2 ** 32
/** QEMU rounds up to a multiple of it. */
const GRANULE = 8192

const UNITS: Readonly<Record<string, number>> = {
  '': 1 << 20,
  b: 1,
  k: 1 << 10,
  m: 1 << 20,
  g: 1 << 30,
  t: 2 ** 40,
  p: 2 ** 50,
  e: 2 ** 60,
}

const NO_SIZE = [
  "Parameter 'size' expects a non-negative number below 2^64",
  'Optional suffix k, M, G, T, P or E means kilo-, mega-, giga-, tera-, peta-',
  'and exabytes, respectively.',
].join('\n')

/**
 * Reads the argument of `-m`. Hot-plugged memory is not supported: `slots` and `maxmem` have no effect.
 * @returns bytes.
 * @throws {OptionError}
 */
export function parseMemory(argument: string, facts: Pick<QemuFacts, 'sizesStartAnywhere'>, warn: Warn): number {
  const values = parseKeyValues(argument, 'size', warn)
  checkNames(values, ['size', 'slots', 'maxmem'])
  const text = values.get('size') ?? ''
  if (text === '') return DEFAULT_MEMORY
  const size = Math.ceil(readSize(text, facts) / GRANULE) * GRANULE
  if (size > LARGEST_MEMORY) throw new OptionError("Parameter 'size' must be at most 4G here")
  return size === 0 ? DEFAULT_MEMORY : size
}

/** A number with a unit, MiB if there is none. A fraction needs a unit above bytes. */
function readSize(text: string, { sizesStartAnywhere }: Pick<QemuFacts, 'sizesStartAnywhere'>): number {
  if (sizesStartAnywhere && text.startsWith('.')) return readSize(`0${text}`, { sizesStartAnywhere: false })
  if (sizesStartAnywhere && /^-0*[1-9]/.test(text)) throw outOfRange(text)
  const [, whole = '', fraction, suffix = ''] =
    /^[ \t\n\v\f\r]*\+?(0[xX][0-9a-fA-F]+|\d+)(\.\d*)?([bkmgtpeBKMGTPE]?)$/.exec(text) ?? []
  const isHex = /^0x/i.test(whole)
  const unit = UNITS[suffix.toLowerCase()] ?? 0
  const isFraction = Number(`0${fraction ?? ''}`) !== 0
  if (whole === '' || (fraction !== undefined && isHex) || (isFraction && (suffix === '' || unit === 1))) {
    throw new OptionError(NO_SIZE)
  }
  const amount = parseCInteger(isHex ? whole : whole.replace(/^0+(?=.)/, ''))
  if (typeof amount !== 'bigint') throw outOfRange(text)
  // QEMU reads 0x40 in MiB, as it reads 64, and 0x4B in bytes.
  const isHexLetter = isHex && /[a-fA-F]$/.test(text)
  return (Number(amount) + Number(`0${fraction ?? ''}`)) * (isHexLetter ? 1 : unit)
}

function outOfRange(text: string): OptionError {
  return new OptionError(`Value '${text}' is out of range for parameter 'size'`)
}
