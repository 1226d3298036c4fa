// The core dump of a guest in v86: takes memory and registers out of the emulator once the guest stands.

import type { Machine } from '../machine/machine.js'
import { coreOf, type V86Cpu } from '../v86/v86-internals.js'
import type { V86 } from '../v86/v86-types.js'
import { ElfCore, type I386Registers, type MemoryMapping, type MemoryRange, MOST_MAPPINGS } from './elf-core.js'
import { mappedMemory } from './page-tables.js'

/** The numbers of registers in `reg32`, and of segments in `sreg` and `segment_offsets`. */
const GENERAL = { eax: 0, ecx: 1, edx: 2, ebx: 3, esp: 4, ebp: 5, esi: 6, edi: 7 } as const
const SEGMENTS = { es: 0, cs: 1, ss: 2, ds: 3, fs: 4, gs: 5 } as const

/** Video memory and adapters' ROMs' window, which is no memory: v86 keeps nothing there. */
const VIDEO_WINDOW = { first: 0xa0000, end: 0xc0000 }

const STANDSTILL_TIMEOUT_MS = 5_000

/** Which addresses a core dump has. */
export interface CoreDumpOptions {
  /**
   * The addresses at which a debugger shows memory. `physical`: as in QEMU's dump without paging, which tools for kernel
   * dumps want. `virtual`: those that the guest has mapped, so that a debugger with the kernel's symbols can follow
   * pointers and unwind the stack; as `physical` if the guest has not turned on paging.
   * Default: `physical`.
   */
  readonly addresses?: 'physical' | 'virtual'
}

/**
 * The ELF core of a guest that does not run: all its memory but the video window, and its registers. The file is made
 * while it is read; let the guest go on, or destroy the emulator, only after that.
 *
 * `eip` is the register itself: relative to the code segment, which in protected mode usually begins at 0.
 * @throws {Error} if the machine runs, or the emulator does not come to rest within five seconds.
 * @throws {TypeError} if it is no v86 emulator, or one that is not ready.
 */
export async function dumpCore(
  machine: Pick<Machine, 'runState'>,
  emulator: V86,
  { addresses = 'physical' }: CoreDumpOptions = {},
): Promise<ElfCore> {
  const { cpu } = coreOf(emulator)
  await standstill(machine, emulator)
  const memory = memoryOf(cpu)
  const mappings = addresses === 'virtual' ? mappingsOf(cpu, memory) : undefined
  return new ElfCore(registersOf(cpu), memory, mappings)
}

/** Within a turn of v86 registers are in flux; it tells that it stands when the turn is over. */
async function standstill(machine: Pick<Machine, 'runState'>, emulator: V86): Promise<void> {
  const deadline = performance.now() + STANDSTILL_TIMEOUT_MS
  do {
    if (machine.runState === 'running') throw new Error('machine: it is running; stop() it before a core dump')
    await new Promise((resolve) => setTimeout(resolve, 1))
  } while (emulator.is_running() && performance.now() < deadline)
  if (emulator.is_running()) throw new Error(`emulator: it still runs after ${STANDSTILL_TIMEOUT_MS} ms`)
}

function registersOf(cpu: V86Cpu): I386Registers {
  const general = byName(GENERAL, (index) => (cpu.reg32[index] ?? 0) >>> 0)
  const segments = byName(SEGMENTS, (index) => cpu.sreg[index] ?? 0)
  const next = cpu.instruction_pointer[0] ?? 0
  const eip = (next - (cpu.segment_offsets[SEGMENTS.cs] ?? 0)) >>> 0
  return { ...general, ...segments, eip, eflags: cpu.get_eflags() >>> 0 }
}

function byName<Name extends string>(numbers: Record<Name, number>, value: (index: number) => number) {
  const entries = Object.entries<number>(numbers).map(([name, index]) => [name, value(index)])
  return Object.fromEntries(entries) as Record<Name, number>
}

function memoryOf({ mem8 }: V86Cpu): MemoryRange[] {
  const { first, end } = VIDEO_WINDOW
  const ranges = [
    { address: 0, bytes: mem8.subarray(0, first) },
    { address: end, bytes: mem8.subarray(end) },
  ]
  return ranges.filter(({ bytes }) => bytes.length > 0)
}

function mappingsOf({ cr, mem8 }: V86Cpu, memory: readonly MemoryRange[]): MemoryMapping[] | undefined {
  const view = new DataView(mem8.buffer, mem8.byteOffset, mem8.byteLength)
  const read = (address: number) => (address + 4 <= mem8.length ? view.getUint32(address, true) : undefined)
  const [cr0 = 0, , , cr3 = 0, cr4 = 0] = cr
  const mappings = mappedMemory({ cr0, cr3, cr4 }, read)
  return mappings && longest(within(memory, mappings))
}

/** The parts of mappings that lie in memory. */
function within(memory: readonly MemoryRange[], mappings: readonly MemoryMapping[]): MemoryMapping[] {
  const parts: MemoryMapping[] = []
  for (const { virtual, physical, size } of mappings) {
    for (const { address, bytes } of memory) {
      const first = Math.max(physical, address)
      const end = Math.min(physical + size, address + bytes.length)
      if (first < end) parts.push({ virtual: virtual + first - physical, physical: first, size: end - first })
    }
  }
  return parts
}

/** As many as a core file can list: a guest can map more. */
function longest(mappings: MemoryMapping[]): MemoryMapping[] {
  if (mappings.length <= MOST_MAPPINGS) return mappings
  const kept = mappings.toSorted((a, b) => b.size - a.size).slice(0, MOST_MAPPINGS)
  return kept.sort((a, b) => a.virtual - b.virtual)
}
