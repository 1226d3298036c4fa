// Operands and data as NASM reads them.

import { hexDigits, hex as unsigned } from '../../common/hex.js'

/** A register, a value, or the offset of a label. */
export function operand(value: string | number | { readonly label: string }): string {
  if (typeof value === 'object') return value.label
  return typeof value === 'number' ? hex(value) : value
}

export function hex(value: number): string {
  return value < 0 ? `-${unsigned(-value)}` : unsigned(value)
}

/** NASM's string with escapes; everything but plain ASCII is escaped, so that the source stays ASCII. */
export function quoted(text: string): string {
  const escaped = (character: string) => (character === '\n' ? '\\n' : `\\x${hexDigits(character.charCodeAt(0), 2)}`)
  return `\`${text.replace(/[^ -~]|[\\`]/g, escaped)}\``
}
