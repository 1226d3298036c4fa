// What of a guest's or a file's text reaches a terminal.

import { expect, it } from 'vitest'
import { printable, printableJson } from '../../src/common/printable.js'
import { showSize } from '../../src/common/size.js'

it.each([
  ['an escape sequence', '\x1b[2Jgone', '·[2Jgone'],
  ['the same in C1', 'a\x9b2Jb', 'a·2Jb'],
  ['a carriage return, which writes over the line', 'bad\rgood', 'bad·good'],
  ['a backspace and a delete', 'a\bb\x7f', 'a·b·'],
  ['text that runs from right to left', 'a\u202eb\u2066c\u061c', 'a·b·c·'],
  ['a separator of lines', 'a\u2028b', 'a·b'],
])('shows a dot in place of %s', (_, text, shown) => {
  expect(printable(text)).toBe(shown)
})

it('leaves tabs, lines and letters of all kinds', () => {
  expect(printable('a\tb\nÄ漢🙂')).toBe('a\tb\nÄ漢🙂')
})

it('cuts long lines, each by itself', () => {
  expect(printable('12345\n123\n1234', 3)).toBe('123…\n123\n123…')
})

it('escapes in JSON what a terminal would obey, and the value stays the same', () => {
  const value = { text: 'a\x9b2Jb\u202e\x7f' }
  expect(printableJson(value)).toBe('{"text":"a\\u009b2Jb\\u202e\\u007f"}')
  expect(JSON.parse(printableJson(value))).toEqual(value)
})

it.each([
  [0, '0 bytes'],
  [1000, '1000 bytes'],
  [0x100000, '1 MiB'],
  [1536 * 2 ** 20, '1536 MiB'],
  [2 ** 41, '2 TiB'],
])('shows %d bytes as %s', (bytes, text) => {
  expect(showSize(bytes)).toBe(text)
})
