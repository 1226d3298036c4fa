// The completion script for bash, as bash runs it.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from './run-program.js'

const folder = mkdtempSync(join(tmpdir(), 'isa-pvpanic-completion-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const script = join(folder, 'script')
beforeAll(async () => writeFileSync(script, (await run(['completion', 'bash'])).stdout))

/** What bash offers for the last of these words. */
function complete(...words: string[]): string[] {
  const program = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _isa_pvpanic; printf '%s\\n' "\${COMPREPLY[@]}"`
  const output = execFileSync('bash', ['-c', program, 'bash', script, 'isa-pvpanic', ...words], { encoding: 'utf8' })
  return output.split('\n').filter(Boolean)
}

describe('bash completes', () => {
  it('commands', () => {
    expect(complete('')).toEqual(expect.arrayContaining(['demo', 'run', 'serve', 'trace', 'matrix', 'domain']))
    expect(complete('tr')).toEqual(['trace'])
    expect(complete('trace', 're')).toEqual(['record', 'replay'])
  })

  it('the options of a command', () => {
    expect(complete('run', '--expect')).toEqual(['--expect', '--expect-exit', '--expect-serial'])
    expect(complete('run', '--kernel', 'x', '--rep')).toEqual(['--report'])
    expect(complete('trace', 'record', 'x', '--iob')).toEqual(['--iobase'])
  })

  it('the values of an option', () => {
    expect(complete('run', '--on-panic', '')).toEqual(['preserve', 'destroy', 'reset', 'log'])
    expect(complete('run', '--kernel', '')).toEqual([])
    expect(complete('completion', 'f')).toEqual(['fish'])
  })
})

it('there are scripts for zsh and fish', async () => {
  expect((await run(['completion', 'zsh'])).stdout).toMatch(/^autoload -U \+X bashcompinit && bashcompinit\n/)
  const { stdout } = await run(['completion', 'fish'])
  expect(stdout).toContain("-l on-panic -x -a 'preserve destroy reset log' -d 'what to do when the guest panics'\n")
})
