// Lets a test import what the documents show, as a user would: code blocks as modules, the package by its own name.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin } from 'vite'
import { codeBlocks, ROOT } from './blocks.js'

const BLOCK = 'document-block:'

/** Where an entry point's source is, for those whose name does not say it. */
const SOURCES: Readonly<Record<string, string>> = {
  '.': 'index.ts',
  './qmp': 'monitor/qmp/index.ts',
  './qtest': 'monitor/qtest/index.ts',
  './monitor': 'monitor/server/index.ts',
}

/** What a module of a document calls with the text that stands behind a `console.log()`. */
export type Said = (expected: string, where: string) => void

export function documentModules(): Plugin {
  const { exports, name } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  return {
    name: 'document-modules',
    enforce: 'pre',
    resolveId(id) {
      if (id.startsWith(BLOCK)) return `\0${id}`
      const entry = id === name ? '.' : id.startsWith(`${name}/`) ? `.${id.slice(name.length)}` : undefined
      if (entry === undefined || entry === './package.json') return undefined
      if (!(entry in exports)) throw new Error(`${id}: the package has no such entry point`)
      return join(ROOT, 'src', SOURCES[entry] ?? `${entry}/index.ts`)
    },
    load(id) {
      if (!id.startsWith(`\0${BLOCK}`)) return undefined
      const [file = '', line] = id
        .slice(BLOCK.length + 1)
        .replace(/\.ts$/, '')
        .split('#')
      const block = codeBlocks(file).find((candidate) => String(candidate.line) === line)
      return block?.code
        .split('\n')
        .map((text, index) => withExpectation(text, `${file}:${Number(line) + index}`))
        .join('\n')
    },
  }
}

/** A comment behind `console.log(...)` is what it prints. */
function withExpectation(text: string, where: string): string {
  const [, statement, expected] = /^(\s*console\.log\(.*\)) \/\/ (.*)$/.exec(text) ?? []
  if (statement === undefined) return text
  return `${statement}; globalThis.documentSaid(${JSON.stringify(expected)}, ${JSON.stringify(where)})`
}
