// Files that never end, or never begin.

import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readBounded } from '../../src/node/bounded-read.js'

const folder = mkdtempSync(join(tmpdir(), 'isa-pvpanic-read-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const path = (name: string) => join(folder, name)
function fifo(name: string): string {
  execFileSync('mkfifo', [path(name)])
  return path(name)
}

describe('a file', () => {
  it('is read whole, up to its bound', async () => {
    const content = Buffer.alloc(100_000, 'pvpanic ')
    writeFileSync(path('file'), content)
    expect(await readBounded(path('file'), { most: 100_000 })).toEqual(content)
    await expect(readBounded(path('file'), { most: 99_999 })).rejects.toThrow('it is larger than 99999 bytes')
  })

  it('of terabytes is refused before it is read', async () => {
    writeFileSync(path('sparse'), '')
    truncateSync(path('sparse'), 2 ** 41)
    await expect(readBounded(path('sparse'), { most: 2 ** 30 })).rejects.toThrow('it is larger than 1 GiB')
  })

  it('that never ends is read up to the bound', async () => {
    await expect(readBounded('/dev/zero', { most: 2 ** 20 })).rejects.toThrow('it is larger than 1 MiB')
  })
})

describe('a named pipe', () => {
  it('gives what is written to it', async () => {
    const pipe = fifo('written')
    const reading = readBounded(pipe, { most: 100 })
    setTimeout(() => appendFileSync(pipe, 'hello'), 20)
    expect((await reading).toString()).toBe('hello')
  })

  it('to which nobody writes is given up when the signal says so', async () => {
    await expect(readBounded(fifo('silent'), { most: 100, signal: AbortSignal.timeout(20) })).rejects.toThrow('aborted')
  })
})
