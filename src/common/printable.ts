// Text of a guest or of a file, made fit for a terminal.

import { hexDigits } from './hex.js'

/** Control characters but tab and line feed, and what changes the direction or the lines of the text around it. */
const UNPRINTABLE = /(?![\t\n])[\p{Cc}\p{Bidi_Control}\u2028\u2029\ufeff]/gu
const SUBSTITUTE = '\u00b7'

/**
 * The text with a middle dot in place of each character that a terminal would obey rather than show.
 * @param longest characters of a line that are kept; a line that is cut ends in an ellipsis. Default: all.
 */
export function printable(text: string, longest = Number.POSITIVE_INFINITY): string {
  const shown = text.replace(UNPRINTABLE, SUBSTITUTE)
  if (shown.length <= longest) return shown
  return shown
    .split('\n')
    .map((line) => (line.length > longest ? `${line.slice(0, longest)}\u2026` : line))
    .join('\n')
}

/** A value as JSON in which those characters are escaped: the same value to a program, and harmless on a terminal. */
export function printableJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(
    UNPRINTABLE,
    (character) => `\\u${hexDigits(character.charCodeAt(0), 4)}`,
  )
}
