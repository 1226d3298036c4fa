// The virtual addresses that a 32-bit x86 guest has mapped: its page tables, walked as the processor would.

import type { MemoryMapping } from './elf-core.js'

/** Reads the 32-bit word at a physical address; undefined where there is no memory. */
export type ReadPhysical = (address: number) => number | undefined

/** The control registers that say how addresses are translated. */
export interface Paging {
  readonly cr0: number
  readonly cr3: number
  readonly cr4: number
}

const CR0_PAGING = 0x80000000
const CR4_LARGE_PAGES = 1 << 4
const CR4_PHYSICAL_ADDRESS_EXTENSION = 1 << 5
const PRESENT = 1 << 0
const LARGE = 1 << 7

const PAGE = 0x1000
const ENTRIES = 1024
const EXTENDED_ENTRIES = 512
const EXTENDED_ENTRY_BYTES = 8
const TOP_ENTRIES = 4

/** What is mapped, by virtual address, runs joined; undefined if paging is off. */
export function mappedMemory(paging: Paging, read: ReadPhysical): MemoryMapping[] | undefined {
  if ((paging.cr0 & CR0_PAGING) === 0) return undefined
  const extended = (paging.cr4 & CR4_PHYSICAL_ADDRESS_EXTENSION) !== 0
  return joinRuns(extended ? extendedPages(paging, read) : pages(paging, read))
}

/** Two levels of 1024 entries; a directory's entry can be a page of 4 MiB. */
function* pages({ cr3, cr4 }: Paging, read: ReadPhysical): Generator<MemoryMapping> {
  const LARGE_PAGE = 0x400000
  const directory = align(cr3, PAGE)
  for (let high = 0; high < ENTRIES; high++) {
    const virtual = high * LARGE_PAGE
    const entry = read(directory + 4 * high) ?? 0
    if ((entry & PRESENT) === 0) continue
    if (entry & LARGE && cr4 & CR4_LARGE_PAGES) {
      yield { virtual, physical: align(entry, LARGE_PAGE), size: LARGE_PAGE }
      continue
    }
    const table = align(entry, PAGE)
    for (let low = 0; low < ENTRIES; low++) {
      const page = read(table + 4 * low) ?? 0
      if (page & PRESENT) yield { virtual: virtual + low * PAGE, physical: align(page, PAGE), size: PAGE }
    }
  }
}

/** With physical address extension: three levels of 64-bit entries, large pages of 2 MiB. */
function* extendedPages({ cr3 }: Paging, read: ReadPhysical): Generator<MemoryMapping> {
  const LARGE_PAGE = 0x200000
  const TOP_ALIGNMENT = 32
  /** The low half of an entry, or 0 if it is not present or leads above 4 GiB. */
  const entryAt = (table: number, index: number) => {
    const at = table + index * EXTENDED_ENTRY_BYTES
    const ADDRESS_ABOVE_4_GIB = 0xfffff
    const low = read(at) ?? 0
    return low & PRESENT && ((read(at + 4) ?? 0) & ADDRESS_ABOVE_4_GIB) === 0 ? low >>> 0 : 0
  }
  for (let top = 0; top < TOP_ENTRIES; top++) {
    const directoryEntry = entryAt(align(cr3, TOP_ALIGNMENT), top)
    if (directoryEntry === 0) continue
    for (let high = 0; high < EXTENDED_ENTRIES; high++) {
      const virtual = (top * EXTENDED_ENTRIES + high) * LARGE_PAGE
      const entry = entryAt(align(directoryEntry, PAGE), high)
      if (entry & LARGE) yield { virtual, physical: align(entry, LARGE_PAGE), size: LARGE_PAGE }
      if (entry === 0 || entry & LARGE) continue
      for (let low = 0; low < EXTENDED_ENTRIES; low++) {
        const page = entryAt(align(entry, PAGE), low)
        if (page !== 0) yield { virtual: virtual + low * PAGE, physical: align(page, PAGE), size: PAGE }
      }
    }
  }
}

/** Joins pages that follow each other both in virtual and in physical addresses. */
function joinRuns(parts: Iterable<MemoryMapping>): MemoryMapping[] {
  const runs: { virtual: number; physical: number; size: number }[] = []
  for (const part of parts) {
    const last = runs.at(-1)
    if (last && last.virtual + last.size === part.virtual && last.physical + last.size === part.physical) {
      last.size += part.size
    } else {
      runs.push({ ...part })
    }
  }
  return runs
}

function align(address: number, size: number): number {
  return (address & -size) >>> 0
}
