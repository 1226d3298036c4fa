// Writes an ELF core file of a 32-bit x86 machine: its memory, and the registers of its processor.

import { OptionRangeError } from '../common/check.js'
import { hex } from '../common/hex.js'

/** The registers that a debugger shows, all unsigned: 32 bits each, segment selectors 16. */
export interface I386Registers {
  readonly eax: number
  readonly ebx: number
  readonly ecx: number
  readonly edx: number
  readonly esi: number
  readonly edi: number
  readonly ebp: number
  readonly esp: number
  readonly eip: number
  readonly eflags: number
  readonly cs: number
  readonly ds: number
  readonly es: number
  readonly fs: number
  readonly gs: number
  readonly ss: number
}

/** A run of physical memory. */
export interface MemoryRange {
  /** Physical address of its first byte, a multiple of 4096. */
  readonly address: number
  readonly bytes: Uint8Array
}

/** A run of virtual addresses, all of it within one `MemoryRange`. */
export interface MemoryMapping {
  readonly virtual: number
  readonly physical: number
  /** Bytes. */
  readonly size: number
}

/** The most mappings that a file can list. */
export const MOST_MAPPINGS = 0xfffe - 1

const PAGE = 4096
const CHUNK_BYTES = 1 << 20

const HEADER_BYTES = 52
const PROGRAM_HEADER_BYTES = 32
const ELF_MAGIC = [0x7f, 0x45, 0x4c, 0x46]
const CLASS_32 = 1
const LITTLE_ENDIAN = 1
const CURRENT_VERSION = 1
const TYPE_CORE = 4
const MACHINE_386 = 3
const PT_LOAD = 1
const PT_NOTE = 4
const READ_WRITE_EXECUTE = 7

const NT_PRSTATUS = 1
const NOTE_OWNER = 'CORE'
/** Linux's struct elf_prstatus for i386: its size, and where process, registers and signal are. */
const PRSTATUS_BYTES = 144
const PRSTATUS_PROCESS = 24
const PRSTATUS_REGISTERS = 72
/** The order of registers there; orig_eax is the number of an interrupted system call, -1: none. */
const REGISTER_ORDER = [
  ...['ebx', 'ecx', 'edx', 'esi', 'edi', 'ebp', 'eax', 'ds', 'es', 'fs', 'gs'],
  ...['orig_eax', 'eip', 'cs', 'eflags', 'esp', 'ss'],
] as const
const NO_SYSTEM_CALL = 0xffffffff

/** A core file that is made as it is read: nothing but its headers is held in memory. */
export class ElfCore {
  /** Bytes of the whole file. */
  readonly size: number
  readonly #head: Uint8Array
  readonly #memory: readonly MemoryRange[]

  /**
   * @param memory what is in the file, in the file's order.
   * @param mappings the addresses at which a debugger shows it. Default: virtual = physical.
   * @throws {RangeError} for memory that does not start at a page, and mappings outside of it or too many.
   */
  constructor(registers: I386Registers, memory: readonly MemoryRange[], mappings = identity(memory)) {
    const unaligned = memory.find(({ address }) => address % PAGE !== 0)
    if (unaligned !== undefined) {
      throw new OptionRangeError('memory', `${hex(unaligned.address)} is no multiple of ${PAGE}`)
    }
    if (mappings.length > MOST_MAPPINGS) {
      throw new OptionRangeError('mappings', `at most ${MOST_MAPPINGS} go into a core file, got ${mappings.length}`)
    }
    const note = prstatusNote(registers)
    const noteOffset = HEADER_BYTES + PROGRAM_HEADER_BYTES * (mappings.length + 1)
    const memoryOffset = roundUp(noteOffset + note.length)
    const offsets = memory.map((_, index) =>
      memory.slice(0, index).reduce((sum, { bytes }) => sum + roundUp(bytes.length), memoryOffset),
    )
    this.#memory = memory
    this.#head = new Uint8Array(memoryOffset)
    const view = new DataView(this.#head.buffer)
    writeHeader(this.#head, view, mappings.length + 1)
    writeProgramHeader(view, HEADER_BYTES, { type: PT_NOTE, offset: noteOffset, fileSize: note.length })
    for (const [index, { virtual, physical, size }] of mappings.entries()) {
      const holder = memory.findIndex(
        ({ address, bytes }) => physical >= address && physical + size <= address + bytes.length,
      )
      const range = memory[holder]
      if (range === undefined) {
        throw new OptionRangeError('mappings', `there is no memory from ${hex(physical)} on, ${size} bytes`)
      }
      const offset = (offsets[holder] ?? 0) + physical - range.address
      const at = HEADER_BYTES + PROGRAM_HEADER_BYTES * (index + 1)
      writeProgramHeader(view, at, { type: PT_LOAD, offset, virtual, physical, fileSize: size, align: PAGE })
    }
    this.#head.set(note, noteOffset)
    this.size = memory.reduce((sum, { bytes }) => sum + roundUp(bytes.length), memoryOffset)
  }

  /**
   * The file from its first byte to its last, in pieces of up to 1 MiB. Pieces of memory are views of the memory itself,
   * so each shows what is there at the moment.
   */
  *pieces(): Generator<Uint8Array, void, undefined> {
    yield this.#head
    for (const { bytes } of this.#memory) {
      for (let at = 0; at < bytes.length; at += CHUNK_BYTES) yield bytes.subarray(at, at + CHUNK_BYTES)
      const padding = roundUp(bytes.length) - bytes.length
      if (padding > 0) yield new Uint8Array(padding)
    }
  }
}

function identity(memory: readonly MemoryRange[]): MemoryMapping[] {
  return memory.map(({ address, bytes }) => ({ virtual: address, physical: address, size: bytes.length }))
}

function writeHeader(head: Uint8Array, view: DataView, programHeaders: number): void {
  head.set([...ELF_MAGIC, CLASS_32, LITTLE_ENDIAN, CURRENT_VERSION])
  view.setUint16(16, TYPE_CORE, true)
  view.setUint16(18, MACHINE_386, true)
  view.setUint32(20, CURRENT_VERSION, true)
  view.setUint32(28, HEADER_BYTES, true)
  view.setUint16(40, HEADER_BYTES, true)
  view.setUint16(42, PROGRAM_HEADER_BYTES, true)
  view.setUint16(44, programHeaders, true)
}

interface ProgramHeader {
  readonly type: number
  readonly offset: number
  readonly fileSize: number
  readonly virtual?: number
  readonly physical?: number
  readonly align?: number
}

function writeProgramHeader(view: DataView, at: number, header: ProgramHeader): void {
  const { type, offset, fileSize, virtual = 0, physical = 0, align = 0 } = header
  const isMemory = type === PT_LOAD
  const fields = [type, offset, virtual, physical, fileSize, isMemory ? fileSize : 0]
  for (const [index, field] of [...fields, isMemory ? READ_WRITE_EXECUTE : 0, align].entries()) {
    view.setUint32(at + 4 * index, field, true)
  }
}

/** The note from which debuggers take the registers. */
function prstatusNote(registers: I386Registers): Uint8Array {
  const ownerBytes = NOTE_OWNER.length + 1
  const contents = 12 + 4 * Math.ceil(ownerBytes / 4)
  const note = new Uint8Array(contents + PRSTATUS_BYTES)
  const view = new DataView(note.buffer)
  view.setUint32(0, ownerBytes, true)
  view.setUint32(4, PRSTATUS_BYTES, true)
  view.setUint32(8, NT_PRSTATUS, true)
  for (let index = 0; index < NOTE_OWNER.length; index++) note[12 + index] = NOTE_OWNER.charCodeAt(index)
  // Debuggers name a thread by its process number, and take 0 for none.
  view.setUint32(contents + PRSTATUS_PROCESS, 1, true)
  for (const [index, name] of REGISTER_ORDER.entries()) {
    const value = name === 'orig_eax' ? NO_SYSTEM_CALL : registers[name]
    view.setUint32(contents + PRSTATUS_REGISTERS + 4 * index, value, true)
  }
  return note
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / PAGE) * PAGE
}
