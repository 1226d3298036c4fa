// Core files whose every part is told apart: what record-tools.ts shows to readelf and gdb, and the tests make again.

import { ElfCore, type I386Registers, type MemoryMapping, type MemoryRange } from '../../src/core-dump/index.js'

export const REGISTERS: I386Registers = {
  ...{ eax: 0x11111111, ebx: 0x22222222, ecx: 0x33333333, edx: 0x44444444 },
  ...{ esi: 0x55555555, edi: 0x66666666, ebp: 0x77777777, esp: 0x88888888 },
  ...{ eip: 0xc0101234, eflags: 0x246 },
  ...{ cs: 0x60, ds: 0x7b, es: 0x7c, fs: 0xd8, gs: 0xe0, ss: 0x68 },
}

/** Memory whose 32-bit words hold their own physical addresses; the second range ends within a page. */
export const MEMORY: readonly MemoryRange[] = [range(0, 0x2000), range(0xc0000, 0x1800)]

/** As a kernel would map it: all of it far up, one page a second time, in another order. */
export const MAPPINGS: readonly MemoryMapping[] = [
  { virtual: 0x8048000, physical: 0x1000, size: 0x1000 },
  { virtual: 0xc0000000, physical: 0, size: 0x2000 },
  { virtual: 0xc00c0000, physical: 0xc0000, size: 0x1800 },
]

export const SAMPLES = {
  physical: () => new ElfCore(REGISTERS, MEMORY),
  virtual: () => new ElfCore(REGISTERS, MEMORY, [...MAPPINGS]),
} as const

/** Addresses at which gdb is asked for a word, and the physical address that it must find there. */
export const PROBES: Readonly<Record<keyof typeof SAMPLES, readonly (readonly [address: number, holds: number])[]>> = {
  physical: [
    [0x0, 0x0],
    [0x1ffc, 0x1ffc],
    [0xc0000, 0xc0000],
    [0xc17fc, 0xc17fc],
  ],
  virtual: [
    [0x8048010, 0x1010],
    [0xc0000004, 0x4],
    [0xc0001ffc, 0x1ffc],
    [0xc00c17fc, 0xc17fc],
  ],
}

export function fileOf(core: ElfCore): Uint8Array {
  return new Uint8Array(Buffer.concat([...core.pieces()]))
}

function range(address: number, size: number): MemoryRange {
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  for (let at = 0; at < size; at += 4) view.setUint32(at, address + at, true)
  return { address, bytes }
}
