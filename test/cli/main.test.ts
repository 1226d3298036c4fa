// The program as a process: its exit code, and a reader that leaves early.

import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { expect, it } from 'vitest'

const program = ['--import', 'tsx', resolve(import.meta.dirname, '../../src/cli/main.ts')]

it('leaves with the exit code of its command', async () => {
  const child = execFile(process.execPath, [...program, 'run', '--iobase', 'nowhere'])
  expect(await once(child, 'exit')).toEqual([2, null])
})

it('does not mind a reader that has seen enough', async () => {
  const child = spawn(process.execPath, [...program, 'matrix'], { stdio: ['ignore', 'pipe', 'pipe'] })
  let errors = ''
  child.stderr.on('data', (data) => {
    errors += data
  })
  child.stdout.destroy()
  expect(await once(child, 'exit')).toEqual([0, null])
  expect(errors).toBe('')
})
