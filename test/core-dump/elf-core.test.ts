// ELF cores: what readelf and gdb found in them, and what the file's writer promises.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { coreFileName, ElfCore, type I386Registers, writeCore } from '../../src/core-dump/index.js'
import { fileOf, MEMORY, PROBES, REGISTERS, SAMPLES } from './samples.js'
import { sha256, TOOLS_RECORDING_PATH, type ToolsRecording } from './tools-recording.js'

const tools = JSON.parse(readFileSync(TOOLS_RECORDING_PATH, 'utf8')) as ToolsRecording
const names = Object.keys(SAMPLES) as (keyof typeof SAMPLES)[]

describe.each(names)('a core with %s addresses', (name) => {
  const recorded = tools.samples[name]
  const core = SAMPLES[name]()

  it('is the file that the tools have read without a complaint', () => {
    expect(sha256(fileOf(core))).toBe(recorded?.sha256)
  })

  it('has the size that it says', () => {
    expect(fileOf(core)).toHaveLength(core.size)
  })

  it('shows gdb the registers', () => {
    const shown = Object.entries(recorded?.registers ?? {}).map(([register, value]) => [register, Number(value)])
    expect(Object.fromEntries(shown) as I386Registers).toEqual(REGISTERS)
  })

  it('shows gdb the memory', () => {
    expect(recorded?.words.map(Number)).toEqual(PROBES[name].map(([, holds]) => holds))
  })
})

describe('a core', () => {
  it('is made as it is read, in pieces of up to 1 MiB that are views of the memory', () => {
    const bytes = new Uint8Array(0x280000)
    const [head, ...pieces] = new ElfCore(REGISTERS, [{ address: 0, bytes }]).pieces()
    expect(head).toHaveLength(4096)
    expect(pieces.map(({ length }) => length)).toEqual([0x100000, 0x100000, 0x80000])
    expect(pieces.every((piece) => piece.buffer === bytes.buffer)).toBe(true)
  })

  it.each([
    ['memory off the page', [{ address: 8, bytes: new Uint8Array(8) }], undefined, '0x8 is no multiple of 4096'],
    ['a mapping of no memory', MEMORY, [{ virtual: 0, physical: 0x3000, size: 1 }], 'no memory from 0x3000 on'],
    ['a mapping past the end', MEMORY, [{ virtual: 0, physical: 0, size: 0x2001 }], 'no memory from 0x0 on'],
    [
      'more mappings than ELF can count',
      MEMORY,
      Array.from({ length: 0xfffe }, (_, page) => ({ virtual: page * 4096, physical: 0, size: 1 })),
      'at most 65533',
    ],
  ])('refuses %s', (_, memory, mappings, message) => {
    expect(() => new ElfCore(REGISTERS, memory, mappings)).toThrow(message)
  })
})

describe('writing to disk', () => {
  const folder = mkdtempSync(join(tmpdir(), 'isa-pvpanic-core-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('leaves the whole file, for its owner alone', async () => {
    const path = join(folder, 'whole')
    const core = SAMPLES.physical()
    const progress: number[] = []
    const written = await writeCore(path, core, { onProgress: (done, size) => progress.push(done / size) })
    expect(written).toBe(core.size)
    expect(sha256(readFileSync(path))).toBe(tools.samples.physical?.sha256)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(progress.at(-1)).toBe(1)
    expect(progress).toEqual(progress.toSorted())
  })

  it('leaves what was there, and no half file, when it is given up', async () => {
    const path = join(folder, 'given-up')
    writeFileSync(path, 'an earlier dump')
    const giveUp = new AbortController()
    const writing = writeCore(path, SAMPLES.physical(), {
      signal: giveUp.signal,
      onProgress: (done) => done > 4096 && giveUp.abort(new Error('enough')),
    })
    await expect(writing).rejects.toThrow('enough')
    expect(readFileSync(path, 'utf8')).toBe('an earlier dump')
    expect(readdirSync(folder).filter((name) => name.endsWith('.partial'))).toEqual([])
  })

  it('says which folder is not there', async () => {
    const path = join(folder, 'none', 'core')
    await expect(writeCore(path, SAMPLES.physical())).rejects.toThrow('no such file or directory')
    expect(existsSync(path)).toBe(false)
  })
})

it.each([
  ['guest', '7-guest-2013-11-04-17:05:09'],
  ['a/../b', '7-a_.._b-2013-11-04-17:05:09'],
  ['a-name-that-goes-on-and-on', '7-a-name-that-goes-on--2013-11-04-17:05:09'],
  ['🐧'.repeat(21), `7-${'🐧'.repeat(20)}-2013-11-04-17:05:09`],
])("the dump of domain %s is named in libvirt's way", (name, expected) => {
  expect(coreFileName({ id: 7, name, date: new Date(2013, 10, 4, 17, 5, 9) })).toBe(expected)
})
