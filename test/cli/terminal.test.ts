// Output of the program that cannot be written.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync } from 'node:fs'
import { expect, it } from 'vitest'
import { PROGRAM } from './program-process.js'

/** Where Linux has a device on which there is no space left. */
const FULL = '/dev/full'

it.runIf(existsSync(FULL))('is told of in one line, and makes the exit code 3', async () => {
  const full = openSync(FULL, 'w')
  const child = spawn(process.execPath, [...PROGRAM, 'run'], { stdio: ['ignore', full, 'pipe'] })
  closeSync(full)
  let errors = ''
  child.stderr?.on('data', (data) => {
    errors += data
  })
  expect(await once(child, 'close')).toEqual([3, null])
  expect(errors).toMatch(/^isa-pvpanic: the output cannot be written: ENOSPC.*\n$/)
})

it.each(['matrix', 'run'])('is no matter if the reader of `%s` has seen enough', async (command) => {
  const child = spawn(process.execPath, [...PROGRAM, command], { stdio: ['ignore', 'pipe', 'pipe'] })
  let errors = ''
  child.stderr.on('data', (data) => {
    errors += data
  })
  child.stdout.destroy()
  expect(await once(child, 'close')).toEqual([0, null])
  expect(errors).toBe('')
})
