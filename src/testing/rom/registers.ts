// The x86's registers as the assembler knows them: names, widths, numbers.

/** 8-bit registers, in the order of their numbers in an instruction. */
export const REGISTERS_8 = ['al', 'cl', 'dl', 'bl', 'ah', 'ch', 'dh', 'bh'] as const
/** 16-bit registers, in the order of their numbers in an instruction. */
export const REGISTERS_16 = ['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di'] as const
/** 32-bit registers, in the order of their numbers in an instruction. */
export const REGISTERS_32 = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'] as const
/** Segment registers, in the order of their numbers in an instruction. */
export const SEGMENT_REGISTERS = ['es', 'cs', 'ss', 'ds'] as const

/** An 8-bit register. */
export type Register8 = (typeof REGISTERS_8)[number]
/** A 16-bit register. */
export type Register16 = (typeof REGISTERS_16)[number]
/** A 32-bit register. */
export type Register32 = (typeof REGISTERS_32)[number]
/** A register of more than a byte. */
export type WordRegister = Register16 | Register32
/** A segment register. */
export type SegmentRegister = (typeof SEGMENT_REGISTERS)[number]
/** What IN and OUT move: a byte, a word or a double word. */
export type Accumulator = 'al' | 'ax' | 'eax'

export function isRegister8(name: string): name is Register8 {
  return (REGISTERS_8 as readonly string[]).includes(name)
}

export function isRegister32(name: string): name is Register32 {
  return (REGISTERS_32 as readonly string[]).includes(name)
}

export function isAccumulator(name: string): name is Accumulator {
  return name === 'al' || name === 'ax' || name === 'eax'
}

/** Bits of a register. */
export function sizeOf(name: string): 8 | 16 | 32 {
  if (isRegister8(name)) return 8
  return isRegister32(name) ? 32 : 16
}

export function numberOf(register: Register8 | WordRegister): number {
  if (isRegister8(register)) return REGISTERS_8.indexOf(register)
  return isRegister32(register) ? REGISTERS_32.indexOf(register) : REGISTERS_16.indexOf(register)
}
