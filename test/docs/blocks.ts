// The code blocks of the documents, as they stand there.

import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

export const ROOT = resolve(import.meta.dirname, '../..')

export interface CodeBlock {
  /** The document, from the repository's root. */
  readonly file: string
  /** The line of the block's first line of code. */
  readonly line: number
  /** What stands behind the three backticks. */
  readonly language: string
  readonly code: string
}

/** The documents that are published. */
export function documents(): string[] {
  const inFolder = (folder: string) => readdirSync(join(ROOT, folder)).filter((name) => name.endsWith('.md'))
  return [...inFolder('.'), ...inFolder('docs').map((name) => `docs/${name}`)]
}

export function codeBlocks(file: string): CodeBlock[] {
  const lines = readFileSync(join(ROOT, file), 'utf8').split('\n')
  const blocks: CodeBlock[] = []
  for (let at = 0; at < lines.length; at++) {
    const [, indent = '', language] = /^( *)```(.*)$/.exec(lines[at] ?? '') ?? []
    if (language === undefined) continue
    const end = lines.indexOf(`${indent}\`\`\``, at + 1)
    if (end === -1) throw new Error(`${file}:${at + 1}: a code block without an end`)
    const code = lines.slice(at + 1, end).map((line) => line.slice(indent.length))
    blocks.push({ file, line: at + 2, language, code: code.join('\n') })
    at = end
  }
  return blocks
}
