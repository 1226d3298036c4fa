// docs/threats.md: every row names tests, and these are in the files that it names.

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const document = readFileSync(resolve(root, 'docs/threats.md'), 'utf8')

interface Row {
  readonly threat: string
  /** `file: "title", "title"; file: "title"`. */
  readonly shownBy: string
}

/** The rows of the tables of threats: those whose last column says by which test a row is shown. */
function rowsOf(text: string): Row[] {
  const tables = text.split(/\n\n/).filter((block) => /^\|.*\| shown by \|\n/.test(block))
  return tables.flatMap((table) => {
    const [, , ...rows] = table.trim().split('\n')
    return rows.map((row) => {
      const cells = row.split('|').map((cell) => cell.trim())
      return { threat: cells[1] ?? '', shownBy: cells.at(-2) ?? '' }
    })
  })
}

/** What a test file says apart from its comments: titles are in there, and the words that tables put into them. */
const textsOf = (file: string) => readFileSync(resolve(root, file), 'utf8').replace(/^\s*(\/\/|\/?\*).*$/gm, '')

describe('docs/threats.md', () => {
  const rows = rowsOf(document)

  it('has rows of every part', () => {
    expect(rows.length).toBeGreaterThan(45)
  })

  it.each(rows)('$threat: is shown by tests that there are', ({ shownBy }) => {
    for (const part of shownBy.split(/; (?=test\/)/)) {
      const [, file = '', titles = ''] = /^(test\/\S+\.test\.ts): (".+")$/.exec(part) ?? []
      expect(file, `not of the form FILE: "TITLE", "TITLE": ${part}`).not.toBe('')
      const texts = textsOf(file)
      for (const [, title = ''] of titles.matchAll(/"([^"]+)"/g)) expect(texts, file).toContain(title)
    }
  })
})
