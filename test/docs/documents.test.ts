// The documents: every code block does what it says, every link leads somewhere, in the package as in the repository.

import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { GuestRom } from '../../src/testing/rom/guest-rom.js'
import { testKernel } from '../../src/testing/rom/test-kernel.js'
import { type CodeBlock, codeBlocks, documents, ROOT } from './blocks.js'
import type { Said } from './modules-plugin.js'
import { portsDocument } from './ports-document.js'
import { commandsOf, perform } from './shell.js'

const blocks = documents().flatMap(codeBlocks)
const where = ({ file, line }: CodeBlock) => `${file}:${line}`

const LANGUAGES = {
  module: ['js', 'ts'],
  shell: ['sh'],
  /** Shown, and checked elsewhere: the output of other programs, files of other tools, tables that a script writes. */
  shown: ['console', 'text', 'asm', 'yaml', 'toml', 'xml', 'json'],
}
const ofKind = (kind: keyof typeof LANGUAGES) => blocks.filter(({ language }) => LANGUAGES[kind].includes(language))

/** The reader's folder, with the files that the documents speak of. */
const folder = mkdtempSync(join(tmpdir(), 'isa-pvpanic-documents-'))
const before = process.cwd()
beforeAll(() => {
  process.chdir(folder)
  writeFileSync('my.rom', new GuestRom().print('hello\n').outb(0x505, 1).print('still here\n').outb(0xf4, 0x10).build())
  writeFileSync('kernel.elf', testKernel({ debugExit: 0xf4 }))
  writeFileSync(
    'guest.xml',
    `<domain type='kvm'><name>guest</name><memory>131072</memory><os><type machine='pc'>hvm</type></os>
     <on_crash>destroy</on_crash><devices><panic model='isa'/></devices></domain>`,
  )
})
afterAll(() => {
  process.chdir(before)
  rmSync(folder, { recursive: true, force: true })
})

it('every block is of a language that is run or known', () => {
  const known = Object.values(LANGUAGES).flat()
  expect(blocks.filter(({ language }) => !known.includes(language)).map(where)).toEqual([])
  expect(ofKind('module').length).toBeGreaterThan(8)
})

/** Blocks that are tests themselves. */
const isTest = ({ code }: CodeBlock) => /from '(isa-pvpanic\/)?vitest'/.test(code)
const load = ({ file, line }: CodeBlock) => import(/* @vite-ignore */ `document-block:${file}#${line}.ts`)

describe.each(ofKind('module').filter(isTest))('the test at $file:$line', async (block) => {
  await load(block)
})

describe('a program', () => {
  it.each(
    ofKind('module')
      .filter((block) => !isTest(block))
      .map((block) => [where(block), block] as const),
  )('at %s prints what its comments say', async (_, block) => {
    const printed: string[] = []
    const log = vi.spyOn(console, 'log').mockImplementation((...args) => {
      printed.push(args.map((arg) => (typeof arg === 'string' ? arg : inspect(arg))).join(' '))
    })
    const said: Said = (expected, at) => expect(printed.at(-1)?.trimEnd(), at).toBe(expected)
    Object.assign(globalThis, { documentSaid: said })
    try {
      await load(block)
    } finally {
      log.mockRestore()
    }
  })
})

describe('commands', () => {
  it.each(ofKind('shell').map((block) => [where(block), block] as const))(
    'at %s',
    { timeout: 60_000 },
    async (_, { code }) => {
      for (const words of commandsOf(code)) await perform(words)
    },
  )
})

it('docs/ports.md is what the tables of the code make', async () => {
  await expect(portsDocument()).toMatchFileSnapshot(join(ROOT, 'docs/ports.md'))
})

describe('links', () => {
  const { files } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { files: string[] }
  /** npm adds the first three by itself. */
  const packed = ['README.md', 'LICENSE', 'package.json', ...files.filter((name) => !name.startsWith('!'))]
  const isPacked = (path: string) => packed.some((name) => path === name || path.startsWith(`${name}/`))
  const anchorOf = (heading: string) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-')

  it.each(documents())('of %s lead to what is there', (file) => {
    const text = readFileSync(join(ROOT, file), 'utf8')
      .replace(/^ *```.*?^ *```/gms, '')
      .replace(/`[^`\n]*`/g, '')
    const targets = [...text.matchAll(/\]\(([^)\s]+)\)|^\[[^\]]+\]:\s+(\S+)/gm)].map(
      ([, inline, reference]) => inline ?? reference ?? '',
    )
    const dead = targets.filter((target) => {
      if (/^https?:/.test(target)) return false
      const [path = '', anchor] = target.split('#')
      const absolute = path === '' ? join(ROOT, file) : resolve(ROOT, dirname(file), path)
      if (!existsSync(absolute)) return true
      if (isPacked(file) && !isPacked(relative(ROOT, absolute))) return true
      if (anchor === undefined || statSync(absolute).isDirectory()) return false
      const headings = readFileSync(absolute, 'utf8').matchAll(/^#+ (.*)$/gm)
      return ![...headings].some(([, heading = '']) => anchorOf(heading.replace(/`/g, '')) === anchor)
    })
    expect(dead).toEqual([])
  })
})
