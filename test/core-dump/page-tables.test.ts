// Page tables as the processor's manual defines them (Intel SDM volume 3, chapter 4), walked in a memory of a few words.

import { describe, expect, it } from 'vitest'
import { mappedMemory } from '../../src/core-dump/page-tables.js'

const CR0_PG = 0x80000000
const CR4_PSE = 0x10
const CR4_PAE = 0x20
const P = 0x001
const PS = 0x080
/** Flags that have no part in where a page lies: writable, user, accessed, dirty, global. */
const OTHER = 0x166

/** A memory of 1 MiB that holds these words. */
function memory(words: Readonly<Record<number, number>>) {
  return (address: number) => (address < 0x100000 ? (words[address] ?? 0) >>> 0 : undefined)
}

it('gives nothing while paging is off', () => {
  expect(mappedMemory({ cr0: 1, cr3: 0x1000, cr4: 0 }, memory({}))).toBeUndefined()
})

describe('tables of two levels', () => {
  const walk = (words: Record<number, number>, cr4 = 0) =>
    mappedMemory({ cr0: CR0_PG | 1, cr3: 0x1018, cr4 }, memory(words))

  it('map pages, joined where they follow each other', () => {
    const words = {
      [0x1000 + 4 * 0x300]: 0x2000 | P | OTHER,
      8192: 0x7000 | P,
      8196: 0x8000 | P | OTHER,
      8200: 0x3000 | P,
      8208: 0x4000 | P,
    }
    expect(walk(words)).toEqual([
      { virtual: 0xc0000000, physical: 0x7000, size: 0x2000 },
      { virtual: 0xc0002000, physical: 0x3000, size: 0x1000 },
      { virtual: 0xc0004000, physical: 0x4000, size: 0x1000 },
    ])
  })

  it('map 4 MiB at once where the processor allows it', () => {
    const words = { [0x1000 + 4 * 0x3ff]: 0xffc00000 | P | PS | OTHER, [0x1000 + 4 * 0x300]: P | PS }
    expect(walk(words, CR4_PSE)).toEqual([
      { virtual: 0xc0000000, physical: 0, size: 0x400000 },
      { virtual: 0xffc00000, physical: 0xffc00000, size: 0x400000 },
    ])
  })

  it('take the large-page bit for a table where it does not', () => {
    expect(walk({ 4096: 0x2000 | P | PS, 8192: 0x5000 | P })).toEqual([{ virtual: 0, physical: 0x5000, size: 0x1000 }])
  })

  it('skip what is not present, and tables where there is no memory', () => {
    expect(walk({ 4096: 0x2000, 8192: 0x5000 | P, 4100: 0xfff00000 | P })).toEqual([])
  })
})

describe('tables with physical address extension', () => {
  const walk = (words: Record<number, number>) =>
    mappedMemory({ cr0: CR0_PG | 1, cr3: 0x1020, cr4: CR4_PAE }, memory(words))
  const NO_EXECUTE = 0x80000000

  it('map pages and 2 MiB at once', () => {
    const words = {
      [0x1020 + 8 * 3]: 0x2000 | P,
      8192: 0x400000 | P | PS | OTHER,
      [0x2000 + 8 * 511]: 0x3000 | P,
      [0x3000 + 8 * 511]: 0x9000 | P | OTHER,
      [0x3004 + 8 * 511]: NO_EXECUTE,
    }
    expect(walk(words)).toEqual([
      { virtual: 0xc0000000, physical: 0x400000, size: 0x200000 },
      { virtual: 0xfffff000, physical: 0x9000, size: 0x1000 },
    ])
  })

  it('leave out what lies above 4 GiB', () => {
    expect(walk({ 4128: 0x2000 | P, 8192: 0x400000 | P | PS, 8196: 1 })).toEqual([])
  })
})
