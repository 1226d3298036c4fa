// The parts that x86 instructions are encoded with: numbers of registers, immediate values, distances.

import { AssemblyError } from './assembly-error.js'
import { REGISTERS_16, REGISTERS_32 } from './registers.js'

/** The second byte of an instruction on two registers (or on one, with a number in place of the other). */
export function registerPair(first: number, second: number): number {
  return 0xc0 | (first << 3) | second
}

/**
 * The number of a register that must be of this width.
 * @throws {AssemblyError} if it is not.
 */
export function numberOfSize(bits: 16 | 32, name: string, text: string): number {
  const registers: readonly string[] = bits === 16 ? REGISTERS_16 : REGISTERS_32
  const number = registers.indexOf(name)
  if (number >= 0) return number
  throw new AssemblyError(`${text}: ${name} is not a ${bits}-bit register, or not of the other operand's size`)
}

/**
 * The bytes of a value, signed or unsigned, low byte first.
 * @throws {AssemblyError} for a value that the width cannot hold.
 */
export function immediate(bits: 8 | 16 | 32, value: number, text: string): number[] {
  checkRange(text, value, -(2 ** (bits - 1)), 2 ** bits - 1)
  return Array.from({ length: bits / 8 }, (_, index) => (value >> (8 * index)) & 0xff)
}

/**
 * The value itself if it is an integer in least..most.
 * @throws {AssemblyError} if it is not.
 */
export function checkRange(what: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw new AssemblyError(`${what}: ${value} is out of range, allowed is ${least}..${most}`)
}

/** Puts an offset or a distance, which wraps, in its place. */
export function setWord(view: DataView, at: number, value: number, bits: 16 | 32): void {
  if (bits === 16) view.setUint16(at, value & 0xffff, true)
  else view.setUint32(at, value >>> 0, true)
}
