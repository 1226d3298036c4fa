// A small 16-bit x86 assembler, so that a test guest has a readable source and needs no tool to be built.

/** 8-bit registers, in the order of their numbers in an instruction. */
export const REGISTERS_8 = ['al', 'cl', 'dl', 'bl', 'ah', 'ch', 'dh', 'bh'] as const
/** 16-bit registers, in the order of their numbers in an instruction. */
export const REGISTERS_16 = ['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di'] as const
/** Segment registers, in the order of their numbers in an instruction. */
const SEGMENT_REGISTERS = ['es', 'cs', 'ss', 'ds'] as const

export type Register8 = (typeof REGISTERS_8)[number]
export type Register16 = (typeof REGISTERS_16)[number]
export type SegmentRegister = (typeof SEGMENT_REGISTERS)[number]
/** What IN and OUT move: a byte, a word or a double word. */
export type Accumulator = 'al' | 'ax' | 'eax'
/** The offset of a label within its segment, as an immediate operand; made by `offset()`. */
export interface LabelOffset {
  readonly label: string
}

/** The program cannot be expressed in bytes: a label, a jump or a value is wrong. The message names it. */
export class AssemblyError extends Error {
  override readonly name = 'AssemblyError'
}

/** The offset of `label` as an operand: `mov('si', offset('greeting'))`. The label may be defined later. */
export function offset(label: string): LabelOffset {
  return { label }
}

/** Prefix that makes one instruction of a 16-bit program use a 32-bit operand. */
const OPERAND_SIZE_PREFIX = 0x66
/** The arithmetic instructions that share one encoding, in the order of their numbers in it. */
const ARITHMETIC = ['add', 'or', 'adc', 'sbb', 'and', 'sub', 'xor', 'cmp'] as const
type Arithmetic = (typeof ARITHMETIC)[number]

interface Fixup {
  readonly label: string
  /** Where the bytes of the distance or the offset go. */
  readonly at: number
  readonly kind: 'short' | 'near' | 'offset'
  readonly text: string
}

/**
 * Collects the instructions of one program in one segment. Every method adds one instruction and returns the assembler.
 *
 * Where an instruction has several encodings, the one that NASM 2.16 picks is used. Not a general assembler: memory is
 * reached by the string instructions only, and jumps are short unless the method says otherwise.
 *
 * @throws AssemblyError from any method whose operand has no encoding; from `assemble()` for labels and distances.
 */
export class Assembler {
  readonly #origin: number
  readonly #bytes: number[] = []
  readonly #labels = new Map<string, number>()
  readonly #fixups: Fixup[] = []
  readonly #source: string[] = []

  /** @param origin offset of the first byte within its segment, 0..0xffff. */
  constructor(origin = 0) {
    this.#origin = checkRange('origin', origin, 0, 0xffff)
    this.#source.push('bits 16', `org ${hex(origin)}`)
  }

  /** Number of bytes so far. */
  get length(): number {
    return this.#bytes.length
  }

  /** Names the place of the next byte. A label is defined once and may be used before it is. */
  label(name: string): this {
    if (!/^[a-z_][a-z0-9_]*$/.test(name)) {
      throw new AssemblyError(`label ${JSON.stringify(name)}: allowed are lower-case letters, digits and _`)
    }
    if (this.#labels.has(name)) throw new AssemblyError(`label ${name} is defined twice`)
    this.#labels.set(name, this.#bytes.length)
    this.#source.push(`${name}:`)
    return this
  }

  /** Data: numbers 0..255 as they are, strings as the bytes of their characters (Latin-1). */
  db(...values: (number | string)[]): this {
    const bytes = values.flatMap((value) => (typeof value === 'string' ? characterCodes(value) : [value]))
    for (const value of bytes) checkRange('db', value, 0, 0xff)
    const texts = values.map((value) => (typeof value === 'string' ? quoted(value) : hex(value)))
    return this.#emit(`db ${texts.join(', ')}`, ...bytes)
  }

  /** `count` bytes of `value` (0..255). */
  fill(count: number, value: number): this {
    checkRange('fill', count, 0, 0x10000)
    checkRange('fill', value, 0, 0xff)
    this.#source.push(`  times ${count} db ${hex(value)}`)
    for (let index = 0; index < count; index++) this.#bytes.push(value)
    return this
  }

  mov(to: Register8, from: Register8 | number): this
  mov(to: Register16, from: Register16 | SegmentRegister | LabelOffset | number): this
  mov(to: Exclude<SegmentRegister, 'cs'>, from: Register16): this
  mov(to: 'eax', from: number): this
  mov(
    to: Register8 | Register16 | SegmentRegister | 'eax',
    from: Register8 | Register16 | SegmentRegister | LabelOffset | number,
  ): this {
    const text = `mov ${to}, ${operand(from)}`
    if (typeof from === 'object') {
      this.#emit(text, 0xb8 + number16(to, text))
      return this.#word({ label: from.label, kind: 'offset', text })
    }
    if (typeof from === 'number') {
      if (to === 'eax') return this.#emit(text, OPERAND_SIZE_PREFIX, 0xb8, ...immediate(32, from, text))
      return isRegister8(to)
        ? this.#emit(text, 0xb0 + REGISTERS_8.indexOf(to), ...immediate(8, from, text))
        : this.#emit(text, 0xb8 + number16(to, text), ...immediate(16, from, text))
    }
    const fromSegment = (SEGMENT_REGISTERS as readonly string[]).indexOf(from)
    if (fromSegment >= 0) return this.#emit(text, 0x8c, registerPair(fromSegment, number16(to, text)))
    const toSegment = (SEGMENT_REGISTERS as readonly string[]).indexOf(to)
    if (toSegment >= 0) return this.#emit(text, 0x8e, registerPair(toSegment, number16(from, text)))
    return this.#twoRegisters(text, 0x88, to, from)
  }

  add(to: Register8 | Register16, value: Register8 | Register16 | number): this {
    return this.#arithmetic('add', to, value)
  }
  sub(to: Register8 | Register16, value: Register8 | Register16 | number): this {
    return this.#arithmetic('sub', to, value)
  }
  and(to: Register8 | Register16, value: Register8 | Register16 | number): this {
    return this.#arithmetic('and', to, value)
  }
  or(to: Register8 | Register16, value: Register8 | Register16 | number): this {
    return this.#arithmetic('or', to, value)
  }
  xor(to: Register8 | Register16, value: Register8 | Register16 | number): this {
    return this.#arithmetic('xor', to, value)
  }
  cmp(left: Register8 | Register16, right: Register8 | Register16 | number): this {
    return this.#arithmetic('cmp', left, right)
  }

  test(left: Register8 | Register16, right: Register8 | Register16 | number): this {
    const text = `test ${left}, ${operand(right)}`
    if (typeof right === 'string') return this.#twoRegisters(text, 0x84, left, right)
    const wide = isRegister8(left) ? 0 : 1
    const bytes = immediate(wide ? 16 : 8, right, text)
    if (left === 'al' || left === 'ax') return this.#emit(text, 0xa8 | wide, ...bytes)
    return this.#emit(text, 0xf6 | wide, registerPair(0, numberOf(left)), ...bytes)
  }

  inc(register: Register8 | Register16): this {
    if (isRegister8(register)) return this.#emit(`inc ${register}`, 0xfe, registerPair(0, numberOf(register)))
    return this.#emit(`inc ${register}`, 0x40 + numberOf(register))
  }
  dec(register: Register8 | Register16): this {
    if (isRegister8(register)) return this.#emit(`dec ${register}`, 0xfe, registerPair(1, numberOf(register)))
    return this.#emit(`dec ${register}`, 0x48 + numberOf(register))
  }
  /** Shifts right by 2..31 bits (the encoding of the 80186 and later). */
  shr(register: Register8 | Register16, bits: number): this {
    const text = `shr ${register}, ${bits}`
    checkRange(text, bits, 2, 31)
    return this.#emit(text, isRegister8(register) ? 0xc0 : 0xc1, registerPair(5, numberOf(register)), bits)
  }
  push(register: Register16): this {
    return this.#emit(`push ${register}`, 0x50 + numberOf(register))
  }
  pop(register: Register16): this {
    return this.#emit(`pop ${register}`, 0x58 + numberOf(register))
  }

  /** Reads a port: the one in DX, or a fixed one 0..0xff. */
  in(to: Accumulator, port: 'dx' | number): this {
    return this.#portAccess(`in ${to}, ${operand(port)}`, 0xe4, to, port)
  }
  /** Writes a port: the one in DX, or a fixed one 0..0xff. */
  out(port: 'dx' | number, from: Accumulator): this {
    return this.#portAccess(`out ${operand(port)}, ${from}`, 0xe6, from, port)
  }
  /** Writes CX bytes from DS:SI to the port in DX. */
  repOutsb(): this {
    return this.#emit('rep outsb', 0xf3, 0x6e)
  }
  /** Reads CX bytes from the port in DX to ES:DI. */
  repInsb(): this {
    return this.#emit('rep insb', 0xf3, 0x6c)
  }
  lodsb(): this {
    return this.#emit('lodsb', 0xac)
  }
  stosb(): this {
    return this.#emit('stosb', 0xaa)
  }
  stosw(): this {
    return this.#emit('stosw', 0xab)
  }

  /** Short jump: -128..127 bytes, as are the conditional ones and `loop`. */
  jmp(label: string): this {
    return this.#short('jmp short', 0xeb, label)
  }
  /** Jump to anywhere in the segment. */
  jmpNear(label: string): this {
    this.#emit(`jmp near ${label}`, 0xe9)
    return this.#word({ label, kind: 'near', text: `jmp near ${label}` })
  }
  /** Jump to `segment`:`label`, 0..0xffff; loads CS. */
  jmpFar(segment: number, label: string): this {
    const text = `jmp ${hex(segment)}:${label}`
    this.#emit(text, 0xea)
    this.#word({ label, kind: 'offset', text })
    this.#bytes.push(...immediate(16, segment, text))
    return this
  }
  jz(label: string): this {
    return this.#short('jz', 0x74, label)
  }
  jnz(label: string): this {
    return this.#short('jnz', 0x75, label)
  }
  jc(label: string): this {
    return this.#short('jc', 0x72, label)
  }
  jnc(label: string): this {
    return this.#short('jnc', 0x73, label)
  }
  jbe(label: string): this {
    return this.#short('jbe', 0x76, label)
  }
  ja(label: string): this {
    return this.#short('ja', 0x77, label)
  }
  /** Counts CX down and jumps unless it became 0. */
  loop(label: string): this {
    return this.#short('loop', 0xe2, label)
  }
  call(label: string): this {
    this.#emit(`call ${label}`, 0xe8)
    return this.#word({ label, kind: 'near', text: `call ${label}` })
  }
  ret(): this {
    return this.#emit('ret', 0xc3)
  }
  iret(): this {
    return this.#emit('iret', 0xcf)
  }
  cli(): this {
    return this.#emit('cli', 0xfa)
  }
  sti(): this {
    return this.#emit('sti', 0xfb)
  }
  cld(): this {
    return this.#emit('cld', 0xfc)
  }
  nop(): this {
    return this.#emit('nop', 0x90)
  }
  hlt(): this {
    return this.#emit('hlt', 0xf4)
  }

  /**
   * The program's bytes.
   *
   * @throws AssemblyError for a label that is used and not defined, and for a short jump that is too far.
   */
  assemble(): Uint8Array {
    const bytes = Uint8Array.from(this.#bytes)
    const view = new DataView(bytes.buffer)
    for (const { label, at, kind, text } of this.#fixups) {
      const target = this.#labels.get(label)
      if (target === undefined) throw new AssemblyError(`${text}: there is no label ${label}`)
      if (kind === 'offset') view.setUint16(at, (this.#origin + target) & 0xffff, true)
      else if (kind === 'near') view.setUint16(at, (target - (at + 2)) & 0xffff, true)
      else {
        const distance = target - (at + 1)
        if (distance < -128 || distance > 127) {
          throw new AssemblyError(`${text}: ${distance} bytes away, a short jump reaches -128..127`)
        }
        view.setInt8(at, distance)
      }
    }
    return bytes
  }

  /** The same program as source text for NASM: what the guest does, for people and for a second opinion on the bytes. */
  toNasm(): string {
    return `${this.#source.join('\n')}\n`
  }

  #emit(text: string, ...bytes: number[]): this {
    this.#source.push(`  ${text}`)
    this.#bytes.push(...bytes)
    return this
  }

  #word(fixup: Omit<Fixup, 'at'>): this {
    this.#fixups.push({ ...fixup, at: this.#bytes.length })
    this.#bytes.push(0, 0)
    return this
  }

  #short(mnemonic: string, opcode: number, label: string): this {
    const text = `${mnemonic} ${label}`
    this.#emit(text, opcode, 0)
    this.#fixups.push({ label, at: this.#bytes.length - 1, kind: 'short', text })
    return this
  }

  #twoRegisters(text: string, opcode: number, to: string, from: string): this {
    if (isRegister8(to) && isRegister8(from)) {
      return this.#emit(text, opcode, registerPair(numberOf(from), numberOf(to)))
    }
    return this.#emit(text, opcode | 1, registerPair(number16(from, text), number16(to, text)))
  }

  #arithmetic(name: Arithmetic, to: Register8 | Register16, value: Register8 | Register16 | number): this {
    const text = `${name} ${to}, ${operand(value)}`
    const operation = ARITHMETIC.indexOf(name)
    if (typeof value === 'string') return this.#twoRegisters(text, operation << 3, to, value)
    if (isRegister8(to)) {
      const bytes = immediate(8, value, text)
      if (to === 'al') return this.#emit(text, (operation << 3) | 4, ...bytes)
      return this.#emit(text, 0x80, registerPair(operation, numberOf(to)), ...bytes)
    }
    const bytes = immediate(16, value, text)
    const signed = (value << 16) >> 16
    // A value that one sign-extended byte can hold has a shorter form.
    if (signed >= -128 && signed <= 127) {
      return this.#emit(text, 0x83, registerPair(operation, numberOf(to)), signed & 0xff)
    }
    if (to === 'ax') return this.#emit(text, (operation << 3) | 5, ...bytes)
    return this.#emit(text, 0x81, registerPair(operation, numberOf(to)), ...bytes)
  }

  #portAccess(text: string, opcode: number, register: Accumulator, port: 'dx' | number): this {
    const prefix = register === 'eax' ? [OPERAND_SIZE_PREFIX] : []
    const wide = register === 'al' ? 0 : 1
    if (port === 'dx') return this.#emit(text, ...prefix, opcode | 8 | wide)
    return this.#emit(text, ...prefix, opcode | wide, checkRange(text, port, 0, 0xff))
  }
}

function isRegister8(name: string): name is Register8 {
  return (REGISTERS_8 as readonly string[]).includes(name)
}

function numberOf(register: Register8 | Register16): number {
  return isRegister8(register) ? REGISTERS_8.indexOf(register) : REGISTERS_16.indexOf(register)
}

function number16(name: string, text: string): number {
  const number = (REGISTERS_16 as readonly string[]).indexOf(name)
  if (number < 0) throw new AssemblyError(`${text}: ${name} is not a 16-bit register, or not of the other's size`)
  return number
}

/** The second byte of an instruction on two registers (or on one, with a number in place of the other). */
function registerPair(first: number, second: number): number {
  return 0xc0 | (first << 3) | second
}

function immediate(bits: 8 | 16 | 32, value: number, text: string): number[] {
  checkRange(text, value, -(2 ** (bits - 1)), 2 ** bits - 1)
  return Array.from({ length: bits / 8 }, (_, index) => (value >> (8 * index)) & 0xff)
}

function checkRange(what: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw new AssemblyError(`${what}: ${value} is out of range, allowed is ${least}..${most}`)
}

function characterCodes(text: string): number[] {
  return Array.from(text, (character) => character.codePointAt(0) ?? 0)
}

/** NASM's string with escapes; everything but plain ASCII is escaped, so that the source stays ASCII. */
function quoted(text: string): string {
  const escaped = (character: string) =>
    character === '\n' ? '\\n' : `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
  return `\`${text.replace(/[^ -~]|[\\`]/g, escaped)}\``
}

function operand(value: string | number | LabelOffset): string {
  if (typeof value === 'object') return value.label
  return typeof value === 'number' ? hex(value) : value
}

function hex(value: number): string {
  return value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`
}
