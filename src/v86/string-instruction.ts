// Interrupts REP INS and REP OUTS between two of their accesses, as a processor does and v86 by itself does not.

import type { V86Cpu } from './v86-internals.js'

/** Numbers of registers in `reg32`, and of segments in `segment_offsets`. */
const ECX = 1
const ESI = 6
const EDI = 7
const SEGMENT_NUMBERS: Readonly<Record<number, number>> = { 38: 0, 46: 1, 54: 2, 62: 3, 100: 4, 101: 5 }
const ES = 0
const DS = 3
/** EFLAGS: string instructions go down. */
const DIRECTION_FLAG = 0x400

const OPERAND_SIZE = 0x66
const ADDRESS_SIZE = 0x67
const LOCK = 0xf0
const REPEAT = [0xf2, 0xf3]
/** INS and OUTS: of a byte, of a word. */
export const INS = [0x6c, 0x6d]
export const OUTS = [0x6e, 0x6f]
const LONGEST_INSTRUCTION = 15
const PAGE = 0x1000

/** Accesses of one instruction between two looks at the clock. */
const LOOK_EVERY = 1024

type Width = 1 | 2 | 4

/**
 * Thrown through v86 by an access that is not to happen now. The guest is as a processor leaves it when an interrupt comes
 * between two accesses: registers tell what has been done, and the instruction pointer is at the instruction.
 */
export class InstructionInterrupted extends Error {
  override readonly name = 'InstructionInterrupted'
}

/** What decides that the guest's turn is to end. */
export interface TurnOwner {
  /** Whether the turn under way ends with the instruction under way. */
  readonly frozen: boolean
  /** Freezes the guest if its turn has become long. */
  endLongTurn(): void
}

/**
 * Told of every port access of the guest before it happens. v86 carries out a repeated string instruction whole, up to 2^32
 * accesses, and looks neither at the clock nor at whether it is to stop in between.
 */
export class StringInstructions {
  readonly #cpu: V86Cpu
  readonly #turn: TurnOwner
  /** v86 makes such a view anew whenever it is looked at, which takes a microsecond: these are kept until its memory grows. */
  #address = new Int32Array()
  #registers = new Int32Array()
  /** The instruction of the latest access, its count as it began, and its accesses so far. */
  #instruction = 0
  #count = 0
  #accesses = 0

  constructor(cpu: V86Cpu, turn: TurnOwner) {
    this.#cpu = cpu
    this.#turn = turn
  }

  /**
   * @param opcodes `INS` for a read, `OUTS` for a write.
   * @throws {InstructionInterrupted} if the turn is to end before this access.
   */
  beforeAccess(opcodes: readonly number[], width: Width): void {
    // A view of memory that has grown since is empty.
    if (this.#address.length === 0) {
      this.#address = keptView(this.#cpu.previous_ip)
      this.#registers = keptView(this.#cpu.reg32)
    }
    const address = this.#address
    const registers = this.#registers
    if (address[0] !== this.#instruction || registers[ECX] !== this.#count) {
      this.#instruction = address[0] ?? 0
      this.#count = registers[ECX] ?? 0
      this.#accesses = 0
    }
    // The guest executes nothing after the instruction that froze it, so this is the same one.
    if (this.#turn.frozen) this.#interrupt(opcodes, width)
    this.#accesses++
    if (this.#accesses % LOOK_EVERY === 0) this.#turn.endLongTurn()
  }

  #interrupt(opcodes: readonly number[], width: Width): void {
    const found = this.#decode(opcodes)
    if (found === undefined) return
    const { previous_ip: address, instruction_pointer: next, reg32: registers, flags } = this.#cpu
    const { has32BitAddresses, segment } = found
    const mask = has32BitAddresses ? 0xffffffff : 0xffff
    const index = opcodes === INS ? EDI : ESI
    const step = (flags[0] ?? 0) & DIRECTION_FLAG ? -width : width
    const count = ((registers[ECX] ?? 0) & mask) >>> 0
    const linear = ((this.#cpu.segment_offsets[segment] ?? 0) + ((registers[index] ?? 0) & mask)) >>> 0
    const run = has32BitAddresses ? Math.min(count, this.#longestRun(linear, step)) : count
    // A loop can have come to the same instruction with the same count before, always for as many accesses.
    const done = run === 0 ? 0 : this.#accesses % run
    const advance = (register: number, by: number) => {
      const before = registers[register] ?? 0
      registers[register] = (before & ~mask) | ((before + by) & mask)
    }
    advance(ECX, -done)
    advance(index, done * step)
    next[0] = address[0] ?? 0
    this.#accesses = 0
    throw new InstructionInterrupted()
  }

  /** v86 takes aligned strings in memory page by page, and writes registers back after each; all others as a whole. */
  #longestRun(linear: number, step: number): number {
    const width = Math.abs(step)
    const physical = this.#cpu.translate_address_system_read(linear)
    if (linear % width !== 0 || this.#cpu.in_mapped_range(physical)) return Number.POSITIVE_INFINITY
    const within = linear % PAGE
    return step > 0 ? (PAGE - within) / width : within / width + 1
  }

  /** What the instruction under way uses, if it is a repeated one of these opcodes. */
  #decode(opcodes: readonly number[]): { has32BitAddresses: boolean; segment: number } | undefined {
    const { previous_ip: address, is_32: is32 } = this.#cpu
    let has32BitAddresses = is32[0] === 1
    let segment = opcodes === INS ? ES : DS
    let repeats = false
    for (let at = 0; at < LONGEST_INSTRUCTION; at++) {
      const byte = this.#codeAt((address[0] ?? 0) + at)
      if (opcodes.includes(byte)) return repeats ? { has32BitAddresses, segment } : undefined
      const override = SEGMENT_NUMBERS[byte]
      if (byte === ADDRESS_SIZE) has32BitAddresses = is32[0] !== 1
      else if (REPEAT.includes(byte)) repeats = true
      else if (override !== undefined) segment = opcodes === INS ? segment : override
      else if (byte !== OPERAND_SIZE && byte !== LOCK) return undefined
    }
    return undefined
  }

  #codeAt(linear: number): number {
    return this.#cpu.read8(this.#cpu.translate_address_system_read(linear >>> 0))
  }
}

function keptView({ buffer, byteOffset, length }: Int32Array): Int32Array<ArrayBuffer> {
  return new Int32Array(buffer as ArrayBuffer, byteOffset, length)
}
