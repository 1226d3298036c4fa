// What the documents tell their readers to type, as far as it can be done without a network or a kernel.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, vi } from 'vitest'
import { PROGRAM, SYSTEM_PROGRAM } from '../cli/program-process.js'
import { run } from '../cli/run-program.js'
import { ROOT } from './blocks.js'

const { scripts, exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))

/** The commands of a block: comments left out, continued lines joined, `&&` and pipes taken apart. */
export function commandsOf(code: string): string[][] {
  const lines = code.replace(/\\\n\s*/g, ' ').split('\n')
  return lines.flatMap((line) => split(line.replace(/^\$ /, '')))
}

/** The words of a line's commands, as a shell without variables reads them. */
function split(line: string): string[][] {
  const commands: string[][] = []
  let words: string[] = []
  for (const [token] of line.matchAll(/'[^']*'|"[^"]*"|#.*$|&&|\||[^\s'"#|&]+/g)) {
    if (token.startsWith('#')) break
    if (token === '&&' || token === '|') {
      commands.push(words)
      words = []
    } else words.push(token.replace(/^['"]|['"]$/g, ''))
  }
  return [...commands, words].filter((command) => command.length > 0)
}

/** Commands of programs that are no part of this project. */
const OTHERS = [
  'cd',
  'git',
  'head',
  'jq',
  'gdb',
  'readelf',
  'zcat',
  'sudo',
  'cargo',
  'mkdir',
  'source',
  'make',
  'virsh',
]

/** Does a command in the working directory, or checks that there is such a thing to do. */
export async function perform(words: readonly string[]): Promise<void> {
  const [program = '', ...rest] = words[0] === 'npx' ? words.slice(1) : words
  if (/^\w+=/.test(program)) return perform(rest)
  if (program === 'isa-pvpanic' && rest[0] === 'serve') return serves(PROGRAM, rest)
  if (program === 'isa-pvpanic') return runs(rest)
  if (program === 'pvpanic-system-x86_64') return serves(SYSTEM_PROGRAM, rest)
  if (program === 'npm') return expectNpm(rest)
  if (program === 'tsx' || program === 'node') return expectFile(rest[0] ?? '')
  if (program.startsWith('.') && !OTHERS.includes(program)) return expectFile(program)
  expect(OTHERS, `a command that the documents' test does not know: ${words.join(' ')}`).toContain(program)
}

function expectNpm([verb = '', ...rest]: readonly string[]): void {
  const name = verb === 'run' ? rest.find((word) => !word.startsWith('-')) : verb
  if (['ci', 'install', 'pack', 'publish', 'init', 'pkg', 'version', 'login'].includes(verb)) return
  expect(Object.keys(scripts), `npm ${verb} ${rest.join(' ')}`).toContain(name)
}

function expectFile(path: string): void {
  expect(existsSync(join(ROOT, path)) || existsSync(path), path).toBe(true)
}

async function runs(args: readonly string[]): Promise<void> {
  const redirect = args.findIndex((word) => word.startsWith('>'))
  const given = redirect === -1 ? args : args.slice(0, redirect)
  const { exitCode, stderr } = await run(given)
  // An image of the reader's own is not here: that it is missed shows that all options are known.
  const absent = /: (kernel|bios|initrd|hda|cdrom|multiboot): (\S+): ENOENT/.exec(stderr)
  if (absent === null) expect(exitCode, `isa-pvpanic ${args.join(' ')}\n${stderr}`).toBe(0)
}

/** Starts a server, waits for its sockets, and ends it. */
async function serves(program: readonly string[], args: readonly string[]): Promise<void> {
  const sockets = args.flatMap((word) => /^unix:([^,]+)/.exec(word)?.[1] ?? [])
  expect(sockets).not.toEqual([])
  const child = spawn(process.execPath, [...program, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const closed = once(child, 'close')
  await vi.waitFor(() => expect(sockets.filter((path) => !existsSync(path))).toEqual([]), 15_000)
  child.kill('SIGTERM')
  expect(await closed).toEqual([0, null])
}

export const ENTRY_POINTS = Object.keys(exports)
