// The program as a process: its exit code, its version, and a machine that it serves.

import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { QmpClient } from '../../src/monitor/server/qmp-client.js'
import { PROGRAM } from './program-process.js'

it('leaves with the exit code of its command', async () => {
  const child = execFile(process.execPath, [...PROGRAM, 'run', '--iobase', 'nowhere'])
  expect(await once(child, 'exit')).toEqual([2, null])
})

it('tells its version, and whole commands in its hints', async () => {
  const child = (...args: string[]) => promisify(execFile)(process.execPath, [...PROGRAM, ...args])
  const { version } = JSON.parse(readFileSync(resolve(import.meta.dirname, '../../package.json'), 'utf8'))
  expect((await child('--version')).stdout).toBe(`${version}\n`)
  await expect(child('trace', 'record')).rejects.toThrow('(see isa-pvpanic trace record --help)')
})

it('serve --reset-limit preserves a guest that panics once more than that', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'isa-pvpanic-main-'))
  const [qmp, qtest] = [`unix:${join(folder, 'qmp')}`, join(folder, 'qtest')]
  const serve = ['serve', '--qmp', qmp, '--qtest', `unix:${qtest}`, '--on-panic', 'reset', '--reset-limit', '1']
  const child = spawn(process.execPath, [...PROGRAM, ...serve], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    let served = ''
    for await (const text of child.stdout) {
      served += text
      if (served.split('\n').length > 2) break
    }
    const client = await QmpClient.connect(qmp)
    const guest = connect({ path: qtest }).setEncoding('latin1')
    const statusAfterPanic = async () => {
      guest.write('outb 0x505 1\n')
      await once(guest, 'data')
      return client.execute('query-status')
    }
    expect(await statusAfterPanic()).toMatchObject({ status: 'running' })
    expect(await statusAfterPanic()).toMatchObject({ status: 'guest-panicked' })
    guest.destroy()
    const ended = once(child, 'exit')
    await client.execute('quit')
    client.close()
    expect(await ended).toEqual([0, null])
  } finally {
    child.kill()
    rmSync(folder, { recursive: true, force: true })
  }
})
