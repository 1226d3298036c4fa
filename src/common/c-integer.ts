// Reads integers as C's strtoull with base 0 does, in time proportional to their length.

const FORM = /^[ \t\n\v\f\r]*([+-]?)(?:0[xX]([0-9a-fA-F]+)|0([0-7]*)|([1-9]\d*))$/
/** Digits of the longest number of 64 bits, which is in octal. A longer one is not converted. */
const LONGEST = 22
const LARGEST = (1n << 64n) - 1n

/**
 * An integer in hexadecimal after `0x`, in octal after `0`, or in decimal, after blanks and a sign.
 * @returns the signed value, -(2^64 - 1) .. 2^64 - 1; 'too large' beyond that; undefined if the text is no such number.
 */
export function parseCInteger(text: string): bigint | 'too large' | undefined {
  const [match, sign, hex, octal, decimal] = FORM.exec(text) ?? []
  if (match === undefined) return undefined
  const prefix = hex !== undefined ? '0x' : octal !== undefined ? '0o' : ''
  const digits = withoutLeadingZeros(hex ?? octal ?? decimal ?? '')
  const value = digits.length > LONGEST ? LARGEST + 1n : BigInt(prefix + digits)
  if (value > LARGEST) return 'too large'
  return sign === '-' ? -value : value
}

/** At least one digit is left. */
function withoutLeadingZeros(digits: string): string {
  let zeros = 0
  while (digits[zeros] === '0') zeros++
  return digits.slice(zeros) || '0'
}
