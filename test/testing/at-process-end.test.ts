// Clean-up at the end of a process, seen from outside.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'

const module = new URL('../../src/node/at-process-end.ts', import.meta.url).href
const folder = mkdtempSync(join(tmpdir(), 'isa-pvpanic-end-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A process that leaves a file when it cleans up; it is ready when this resolves. */
async function start(name: string, program: string): Promise<{ child: ChildProcess; mark: string }> {
  const mark = join(folder, name)
  const source = `
    import { writeFileSync } from 'node:fs'
    import { atProcessEnd } from '${module}'
    const forget = atProcessEnd(() => writeFileSync('${mark}', ''))
    setInterval(() => {}, 1000)
    ${program}
    console.log('ready')`
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  return { child, mark }
}

async function endOf(child: ChildProcess): Promise<unknown> {
  const [code, signal] = await once(child, 'close')
  return signal ?? code
}

describe('clean-up happens', () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('at %s, which still ends the process', async (signal) => {
    const { child, mark } = await start(signal, '')
    child.kill(signal)
    expect(await endOf(child)).toBe(signal)
    expect(existsSync(mark)).toBe(true)
  })

  it('at exit', async () => {
    const { child, mark } = await start('exit', 'setTimeout(() => process.exit(7), 50)')
    expect(await endOf(child)).toBe(7)
    expect(existsSync(mark)).toBe(true)
  })

  it('at the end of a signal that the program handles itself, and not before', async () => {
    const handler = `process.on('SIGTERM', () => { setTimeout(() => process.exit(9), 50) })`
    const { child, mark } = await start('handled', handler)
    child.kill('SIGTERM')
    expect(await endOf(child)).toBe(9)
    expect(existsSync(mark)).toBe(true)
  })

  it('not once it is forgotten', async () => {
    const { child, mark } = await start('forgotten', 'forget()')
    child.kill('SIGTERM')
    expect(await endOf(child)).toBe('SIGTERM')
    expect(existsSync(mark)).toBe(false)
  })
})
