// Operands and data as NASM reads them.

/** A register, a value, or the offset of a label. */
export function operand(value: string | number | { readonly label: string }): string {
  if (typeof value === 'object') return value.label
  return typeof value === 'number' ? hex(value) : value
}

export function hex(value: number): string {
  return value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`
}

/** NASM's string with escapes; everything but plain ASCII is escaped, so that the source stays ASCII. */
export function quoted(text: string): string {
  const escaped = (character: string) =>
    character === '\n' ? '\\n' : `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
  return `\`${text.replace(/[^ -~]|[\\`]/g, escaped)}\``
}
