// The generated tables of docs/history.md. Run: npx tsx test/plan-2013/history-document.ts, to write them anew.

import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { renderTable } from '../../src/common/render-table.js'
import { fallbackRows, guestPolicyRows, updateRows } from '../../src/plan-2013/argument.js'
import { PLAN_AND_HISTORY } from '../../src/plan-2013/libvirt-history.js'
import { optionMatrix, todayMatrix } from '../../src/plan-2013/matrix.js'
import { OPEN_QUESTIONS } from '../../src/plan-2013/proposal.js'
import { renderOptions, renderToday } from '../../src/plan-2013/render-matrix.js'

import { inWords, situationSteps } from './situation.js'

const DOCUMENT = new URL('../../docs/history.md', import.meta.url)

const TABLES: Readonly<Record<string, () => string>> = {
  options: () => renderOptions(optionMatrix({ onCrash: 'destroy' }), 'markdown'),
  today: () => renderToday(todayMatrix(), 'markdown'),
  'guest policy': () =>
    renderTable(
      [
        { title: 'option', cell: ({ option }) => option },
        { title: 'situations', cell: ({ situations }) => String(situations) },
        { title: 'guest policy followed', cell: ({ followed }) => String(followed) },
      ],
      guestPolicyRows(),
      'markdown',
    ),
  fallbacks: () =>
    renderTable(
      [
        { title: 'fallback', cell: ({ fallback }) => fallback },
        { title: 'advantage, as proposed', cell: ({ advantage }) => advantage },
        { title: 'the domain comes to', cell: ({ state }) => state },
        { title: 'run', cell: ({ shown }) => shown },
      ],
      fallbackRows(),
      'markdown',
    ),
  updates: () =>
    renderTable(
      [
        { title: 'option', cell: ({ option }) => option },
        { title: 'updated', cell: ({ updated }) => updated },
        { title: 'a panic before', cell: ({ before }) => before },
        { title: 'and after', cell: ({ after }) => after },
      ],
      updateRows(),
      'markdown',
    ),
  situation: () =>
    renderTable(
      [
        { title: '', cell: ({ situation }) => situation },
        { title: 'asked', cell: ({ recorded }) => recorded.input },
        { title: 'QEMU 1.5.0, recorded', cell: ({ recorded }) => inWords(recorded) },
        { title: 'Machine', cell: ({ ours }) => inWords(ours) },
      ],
      situationSteps(),
      'markdown',
    ),
  'plan and history': () =>
    renderTable(
      [
        { title: 'planned in 2013', cell: ({ planned }) => planned },
        { title: 'what came of it', cell: ({ happened }) => happened },
      ],
      PLAN_AND_HISTORY,
      'markdown',
    ),
  'open questions': () =>
    renderTable(
      [
        { title: '', cell: ([id]) => id },
        { title: 'question', cell: ([, { question }]) => question },
        { title: 'read here as', cell: ([, { chosen }]) => chosen },
        { title: 'or as', cell: ([, { others }]) => others.join('; ') },
        { title: 'because', cell: ([, { why }]) => why },
      ],
      Object.entries(OPEN_QUESTIONS),
      'markdown',
    ),
}

export const readDocument = (): string => readFileSync(DOCUMENT, 'utf8')

/** The document with its tables made anew, each between its two marks. */
export function withTables(document: string): string {
  return Object.entries(TABLES).reduce((text, [name, make]) => {
    const [begin, end] = [`<!-- table: ${name} -->\n`, `<!-- end of table: ${name} -->`]
    const [head, rest = ''] = text.split(begin)
    const [, tail] = rest.split(end)
    if (tail === undefined) throw new Error(`docs/history.md has no place for the table "${name}"`)
    return `${head}${begin}\n${make()}\n${end}${tail}`
  }, document)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(DOCUMENT, withTables(readDocument()))
