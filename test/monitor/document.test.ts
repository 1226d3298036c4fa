// docs/monitors.md names every command there is.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { HMP_COMMANDS, HMP_TOPICS } from '../../src/monitor/hmp/hmp.js'
import { QMP_COMMANDS } from '../../src/monitor/qmp/commands.js'

const text = readFileSync(new URL('../../docs/monitors.md', import.meta.url), 'utf8')
/** The words in code marks of a chapter. */
const wordsOf = (chapter: string) => {
  const [, body = ''] = new RegExp(`\n## ${chapter}\n(.*?)(?=\n## |$)`, 's').exec(text) ?? []
  return new Set([...body.matchAll(/`([^`]+)`/g)].flatMap(([, code = '']) => [code, code.split(' ')[0] ?? '']))
}

describe('docs/monitors.md', () => {
  it('names every QMP command', () => {
    const named = wordsOf('QMP')
    expect([...QMP_COMMANDS.keys()].filter((name) => !named.has(name))).toEqual([])
  })

  it('names every command of the human monitor', () => {
    const named = wordsOf('The human monitor')
    const all = ['i', 'o', ...HMP_COMMANDS.keys(), ...[...HMP_TOPICS.keys()].map((topic) => `info ${topic}`)]
    expect(all.filter((name) => !named.has(name) && !named.has(`${name} -f`))).toEqual([])
  })
})
