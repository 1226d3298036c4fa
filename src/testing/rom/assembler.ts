// A small x86 assembler for 16-bit and 32-bit code, so that a test guest has a readable source and needs no tool to be built.

import { AssemblyError } from './assembly-error.js'
import { checkRange, immediate, numberOfSize, registerPair, setWord } from './instruction-bytes.js'
import { hex, operand, quoted } from './nasm-text.js'
import {
  type Accumulator,
  isAccumulator,
  isRegister8,
  isRegister32,
  numberOf,
  type Register8,
  type Register16,
  type Register32,
  SEGMENT_REGISTERS,
  type SegmentRegister,
  sizeOf,
  type WordRegister,
} from './registers.js'

/** The offset of a label within its segment, as an immediate operand; made by `offset()`. */
export interface LabelOffset {
  readonly label: string
}

/** The offset of `label` as an operand: `mov('si', offset('greeting'))`. The label may be defined later. */
export function offset(label: string): LabelOffset {
  return { label }
}

/** Prefix by which one instruction of a 16-bit program uses a 32-bit operand, and the other way round. */
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
 * The program runs in 16-bit mode, or in 32-bit mode if it is told so.
 *
 * Where an instruction has several encodings, the one that NASM 2.16 picks is used. Not a general assembler: memory is
 * reached by the string instructions only, and jumps are short unless the method says otherwise.
 *
 * @throws {AssemblyError} from any method whose operand has no encoding; from `assemble()` for labels and distances.
 */
export class Assembler {
  readonly #origin: number
  readonly #bits: 16 | 32
  readonly #bytes: number[] = []
  readonly #labels = new Map<string, number>()
  readonly #fixups: Fixup[] = []
  readonly #source: string[] = []

  /**
   * @param origin offset of the first byte within its segment, 0..0xffff, or 0..0xffffffff in 32-bit mode.
   * @param bits the mode of the processor.
   * @throws {AssemblyError} for an origin out of range.
   */
  constructor(origin = 0, bits: 16 | 32 = 16) {
    this.#origin = checkRange('origin', origin, 0, 2 ** bits - 1)
    this.#bits = bits
    this.#source.push(`bits ${bits}`, `org ${hex(origin)}`)
  }

  /** Number of bytes so far. */
  get length(): number {
    return this.#bytes.length
  }

  /**
   * Names the place of the next byte. A label is defined once and may be used before it is.
   * @throws {AssemblyError} for a second one of that name, and for a name that is not of lower-case letters, digits and _.
   */
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

  /** Double words, low byte first. */
  dd(...values: number[]): this {
    const text = `dd ${values.map(hex).join(', ')}`
    return this.#emit(text, ...values.flatMap((value) => immediate(32, value, text)))
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
  mov(to: Register16, from: Register16 | SegmentRegister | number): this
  mov(to: Register32, from: Register32 | number): this
  /** An offset is as wide as the mode. */
  mov(to: WordRegister, from: LabelOffset): this
  mov(to: Exclude<SegmentRegister, 'cs'>, from: Register16): this
  mov(
    to: Register8 | WordRegister | SegmentRegister,
    from: Register8 | WordRegister | SegmentRegister | LabelOffset | number,
  ): this {
    const text = `mov ${to}, ${operand(from)}`
    if (typeof from === 'object') {
      const register = numberOfSize(this.#bits, to, text)
      this.#emit(text, 0xb8 + register)
      return this.#word({ label: from.label, kind: 'offset', text })
    }
    if (typeof from === 'number') {
      if (isRegister8(to)) return this.#emit(text, 0xb0 + numberOf(to), ...immediate(8, from, text))
      const register = isRegister32(to) ? numberOf(to) : numberOfSize(16, to, text)
      return this.#emit(text, ...this.#prefix(to), 0xb8 + register, ...immediate(sizeOf(to), from, text))
    }
    const fromSegment = (SEGMENT_REGISTERS as readonly string[]).indexOf(from)
    if (fromSegment >= 0) {
      return this.#emit(text, ...this.#prefix(to), 0x8c, registerPair(fromSegment, numberOfSize(16, to, text)))
    }
    const toSegment = (SEGMENT_REGISTERS as readonly string[]).indexOf(to)
    if (toSegment >= 0) return this.#emit(text, 0x8e, registerPair(toSegment, numberOfSize(16, from, text)))
    return this.#twoRegisters(text, 0x88, to, from)
  }

  add(to: Register8 | WordRegister, value: Register8 | WordRegister | number): this {
    return this.#arithmetic('add', to, value)
  }
  sub(to: Register8 | WordRegister, value: Register8 | WordRegister | number): this {
    return this.#arithmetic('sub', to, value)
  }
  and(to: Register8 | WordRegister, value: Register8 | WordRegister | number): this {
    return this.#arithmetic('and', to, value)
  }
  or(to: Register8 | WordRegister, value: Register8 | WordRegister | number): this {
    return this.#arithmetic('or', to, value)
  }
  xor(to: Register8 | WordRegister, value: Register8 | WordRegister | number): this {
    return this.#arithmetic('xor', to, value)
  }
  cmp(left: Register8 | WordRegister, right: Register8 | WordRegister | number): this {
    return this.#arithmetic('cmp', left, right)
  }

  test(left: Register8 | WordRegister, right: Register8 | WordRegister | number): this {
    const text = `test ${left}, ${operand(right)}`
    if (typeof right === 'string') return this.#twoRegisters(text, 0x84, left, right)
    const wide = isRegister8(left) ? 0 : 1
    const bytes = immediate(sizeOf(left), right, text)
    const prefix = this.#prefix(left)
    if (isAccumulator(left)) return this.#emit(text, ...prefix, 0xa8 | wide, ...bytes)
    return this.#emit(text, ...prefix, 0xf6 | wide, registerPair(0, numberOf(left)), ...bytes)
  }

  inc(register: Register8 | WordRegister): this {
    if (isRegister8(register)) return this.#emit(`inc ${register}`, 0xfe, registerPair(0, numberOf(register)))
    return this.#emit(`inc ${register}`, ...this.#prefix(register), 0x40 + numberOf(register))
  }
  dec(register: Register8 | WordRegister): this {
    if (isRegister8(register)) return this.#emit(`dec ${register}`, 0xfe, registerPair(1, numberOf(register)))
    return this.#emit(`dec ${register}`, ...this.#prefix(register), 0x48 + numberOf(register))
  }
  /** Shifts right by 2..31 bits (the encoding of the 80186 and later). */
  shr(register: Register8 | WordRegister, bits: number): this {
    const text = `shr ${register}, ${bits}`
    checkRange(text, bits, 2, 31)
    const opcode = isRegister8(register) ? 0xc0 : 0xc1
    return this.#emit(text, ...this.#prefix(register), opcode, registerPair(5, numberOf(register)), bits)
  }
  push(register: WordRegister): this {
    return this.#emit(`push ${register}`, ...this.#prefix(register), 0x50 + numberOf(register))
  }
  pop(register: WordRegister): this {
    return this.#emit(`pop ${register}`, ...this.#prefix(register), 0x58 + numberOf(register))
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
    return this.#emit('stosw', ...this.#prefix('ax'), 0xab)
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
  /** Jump to `segment`:`label`, 0..0xffff, with an offset as wide as the mode; loads CS. */
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
   * @throws {AssemblyError} for a label that is used and not defined, and for a short jump that is too far.
   */
  assemble(): Uint8Array {
    const bytes = Uint8Array.from(this.#bytes)
    const view = new DataView(bytes.buffer)
    for (const { label, at, kind, text } of this.#fixups) {
      const target = this.#labels.get(label)
      if (target === undefined) throw new AssemblyError(`${text}: there is no label ${label}`)
      const size = this.#bits / 8
      if (kind === 'offset') setWord(view, at, this.#origin + target, this.#bits)
      else if (kind === 'near') setWord(view, at, target - (at + size), this.#bits)
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
    this.#bytes.push(...Array<number>(this.#bits / 8).fill(0))
    return this
  }

  #prefix(register: string): number[] {
    const size = sizeOf(register)
    return size === 8 || size === this.#bits ? [] : [OPERAND_SIZE_PREFIX]
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
    if (isRegister32(to) && isRegister32(from)) {
      return this.#emit(text, ...this.#prefix(to), opcode | 1, registerPair(numberOf(from), numberOf(to)))
    }
    const pair = registerPair(numberOfSize(16, from, text), numberOfSize(16, to, text))
    return this.#emit(text, ...this.#prefix(to), opcode | 1, pair)
  }

  #arithmetic(name: Arithmetic, to: Register8 | WordRegister, value: Register8 | WordRegister | number): this {
    const text = `${name} ${to}, ${operand(value)}`
    const operation = ARITHMETIC.indexOf(name)
    if (typeof value === 'string') return this.#twoRegisters(text, operation << 3, to, value)
    if (isRegister8(to)) {
      const bytes = immediate(8, value, text)
      if (to === 'al') return this.#emit(text, (operation << 3) | 4, ...bytes)
      return this.#emit(text, 0x80, registerPair(operation, numberOf(to)), ...bytes)
    }
    const bytes = immediate(sizeOf(to), value, text)
    const signed = isRegister32(to) ? value | 0 : (value << 16) >> 16
    const prefix = this.#prefix(to)
    // A value that one sign-extended byte can hold has a shorter form.
    if (signed >= -128 && signed <= 127) {
      return this.#emit(text, ...prefix, 0x83, registerPair(operation, numberOf(to)), signed & 0xff)
    }
    if (isAccumulator(to)) return this.#emit(text, ...prefix, (operation << 3) | 5, ...bytes)
    return this.#emit(text, ...prefix, 0x81, registerPair(operation, numberOf(to)), ...bytes)
  }

  #portAccess(text: string, opcode: number, register: Accumulator, port: 'dx' | number): this {
    const prefix = this.#prefix(register)
    const wide = register === 'al' ? 0 : 1
    if (port === 'dx') return this.#emit(text, ...prefix, opcode | 8 | wide)
    return this.#emit(text, ...prefix, opcode | wide, checkRange(text, port, 0, 0xff))
  }
}

function characterCodes(text: string): number[] {
  return Array.from(text, (character) => character.codePointAt(0) ?? 0)
}
