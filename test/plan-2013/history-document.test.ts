// docs/history.md says what the code does.

import { expect, it } from 'vitest'
import { readDocument, withTables } from './history-document.js'

it('docs/history.md holds the tables as they come out now', () => {
  expect(readDocument()).toBe(withTables(readDocument()))
})
