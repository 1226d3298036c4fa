// Numbers in hexadecimal, for people.

/** `0x505`; filled up with zeros to at least so many digits. */
export function hex(value: number | bigint, digits = 1): string {
  return `0x${hexDigits(value, digits)}`
}

/** The same without `0x`. */
export function hexDigits(value: number | bigint, digits = 1): string {
  return value.toString(16).padStart(digits, '0')
}
