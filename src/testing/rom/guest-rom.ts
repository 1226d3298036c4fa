// Builds the ROM of a test guest step by step: what the guest says, which ports it reads and writes, how it ends.

import { Assembler, offset } from './assembler.js'
import { AssemblyError } from './assembly-error.js'
import { COM1_DATA, COM1_LINE_STATUS, TRANSMITTER_EMPTY } from './pc-ports.js'

/** The ROM ends at the top of the first MiB, in the segment with this number. */
const ROM_SEGMENT = 0xf000
const SEGMENT_SIZE = 0x10000
/** The processor starts 16 bytes below the ROM's end. */
const RESET_VECTOR_SIZE = 16
/** What the unused part of a ROM holds: HLT, so that a guest gone astray stands still. */
const FILLER = 0xf4
/** Stack top in the first 64 KiB of memory, where a PC's boot sector begins. */
const STACK_TOP = 0x7c00

const DMA_SINGLE_MASK = 0x0a
const DMA_MODE = 0x0b
const DMA_CLEAR_FLIP_FLOP = 0x0c
/** Single mask register: masks the channel in the low two bits; without it, unmasks it. */
const DMA_MASK = 0x04
/** Mode register: single transfer, address counting up. */
const DMA_MODE_SINGLE = 0x40
const DMA_MODE_TRANSFER = { verify: 0x00, 'to-memory': 0x04, 'from-memory': 0x08 } as const
/** Port of the page register (address bits 16..23) of channels 0..3. */
const DMA_PAGE = [0x87, 0x83, 0x81, 0x82] as const

/** A transfer as a driver would set it up on the primary DMA controller. */
export interface DmaProgram {
  /** Channel 0..3; a PC's floppy has 2. */
  readonly channel: 0 | 1 | 2 | 3
  /** Address in memory, 0..0xffffff. */
  readonly address: number
  /** Bytes, 1..0x10000; the transfer stays within one 64 KiB page. */
  readonly length: number
  readonly transfer: keyof typeof DMA_MODE_TRANSFER
}

/**
 * A guest that runs without any firmware, from the processor's first instruction on. Steps are done in the order in
 * which they are added; every method adds one and returns the builder.
 *
 * The guest has a stack and interrupts are off. AL, AX or EAX keeps what the last read gave; printing does not change it.
 *
 * ```ts
 * const rom = new GuestRom().print('before').outb(0x505, PVPANIC_PANICKED).print('after').halt().build()
 * ```
 *
 * @throws {AssemblyError} from any method that is given a port or a value out of range, or called after `build()`.
 */
export class GuestRom {
  readonly #origin: number
  readonly #assembler: Assembler
  readonly #texts: string[] = []
  #labels = 0
  #prints = false
  #finished = false

  /**
   * @param size bytes of the image: a multiple of 16 from 32 to 65536. Default: 65536, as QEMU's `-bios` wants it.
   * @throws {RangeError} for another size.
   */
  constructor(size = SEGMENT_SIZE) {
    if (!Number.isInteger(size) || size < 32 || size > SEGMENT_SIZE || size % 16 !== 0) {
      throw new RangeError(`ROM size ${size}: allowed are multiples of 16 from 32 to ${SEGMENT_SIZE}`)
    }
    this.#origin = SEGMENT_SIZE - size
    this.#assembler = new Assembler(this.#origin)
    this.#assembler.label('_start').cli().cld()
    this.#assembler.mov('ax', 0).mov('ss', 'ax').mov('sp', STACK_TOP).mov('ax', 'cs').mov('ds', 'ax')
  }

  /**
   * Prints `text` (Latin-1, no NUL) to COM1.
   * @throws {AssemblyError} for a NUL, and from `build()` for characters past Latin-1.
   */
  print(text: string): this {
    if (text.includes('\0')) throw new AssemblyError('print: the text ends at a NUL, it cannot contain one')
    this.#prints = true
    let index = this.#texts.indexOf(text)
    if (index < 0) index = this.#texts.push(text) - 1
    this.#code.mov('si', offset(textLabel(index))).call('_print_text')
    return this
  }

  /** Prints AL as two hexadecimal digits. */
  printHex(): this {
    this.#prints = true
    this.#code.call('_print_hex')
    return this
  }

  /** Reads a byte from `port` (0..0xffff) into AL. */
  inb(port: number): this {
    return this.#read(port, 'al')
  }
  /** Reads 16 bits from `port` into AX. */
  inw(port: number): this {
    return this.#read(port, 'ax')
  }
  /** Reads 32 bits from `port` into EAX. */
  inl(port: number): this {
    return this.#read(port, 'eax')
  }

  /** Writes the byte `value` to `port` (0..0xffff). */
  outb(port: number, value: number): this {
    this.#code.mov('al', value)
    return this.#write(port, 'al')
  }
  /** Writes 16 bits to `port`. */
  outw(port: number, value: number): this {
    this.#code.mov('ax', value)
    return this.#write(port, 'ax')
  }
  /** Writes 32 bits to `port`. */
  outl(port: number, value: number): this {
    this.#code.mov('eax', value)
    return this.#write(port, 'eax')
  }

  /**
   * Sets up a transfer on the primary DMA controller as a floppy driver does: mask, mode, address, page, length, unmask.
   *
   * @throws {RangeError} for a transfer that the controller cannot make.
   */
  programDma({ channel, address, length, transfer }: DmaProgram): this {
    if (!Number.isInteger(address) || !Number.isInteger(length) || address < 0 || address > 0xffffff || length < 1) {
      throw new RangeError(`DMA of ${length} bytes at ${address}: the address is 0..0xffffff, the length 1..0x10000`)
    }
    if ((address & 0xffff) + length > SEGMENT_SIZE) {
      throw new RangeError(`DMA of ${length} bytes at ${address} crosses a 64 KiB page`)
    }
    const addressPort = channel * 2
    const countPort = addressPort + 1
    // The controller counts from length - 1 down past 0.
    const count = length - 1
    return this.outb(DMA_SINGLE_MASK, DMA_MASK | channel)
      .outb(DMA_MODE, DMA_MODE_SINGLE | DMA_MODE_TRANSFER[transfer] | channel)
      .outb(DMA_CLEAR_FLIP_FLOP, 0)
      .outb(addressPort, address & 0xff)
      .outb(addressPort, (address >> 8) & 0xff)
      .outb(DMA_PAGE[channel], address >> 16)
      .outb(countPort, count & 0xff)
      .outb(countPort, count >> 8)
      .outb(DMA_SINGLE_MASK, channel)
  }

  /** Does `steps` only if AL is `value`. */
  whenAlIs(value: number, steps: (guest: this) => unknown): this {
    this.#code.cmp('al', value)
    return this.#ifZero(steps)
  }

  /** Does `steps` only if no bit of `mask` is set in AL. */
  whenAlLacks(mask: number, steps: (guest: this) => unknown): this {
    this.#code.test('al', mask)
    return this.#ifZero(steps)
  }

  /**
   * Does `steps` as often as `times` says, 1..0xffff.
   * @throws {RangeError} for another number.
   */
  repeat(times: number, steps: (guest: this) => unknown): this {
    if (!Number.isInteger(times) || times < 1 || times > 0xffff) {
      throw new RangeError(`repeat ${times} times: allowed is 1..0xffff`)
    }
    const again = this.#newLabel()
    const end = this.#newLabel()
    this.#code.mov('cx', times).label(again).push('cx')
    steps(this)
    this.#code.pop('cx').dec('cx').jz(end).jmpNear(again).label(end)
    return this
  }

  /** Does `steps` for ever. */
  forever(steps: (guest: this) => unknown): this {
    const again = this.#newLabel()
    this.#code.label(again)
    steps(this)
    this.#code.jmpNear(again)
    return this
  }

  /** Spends time: counts from `count` (1..0xffff) down to 0. */
  wait(count: number): this {
    const again = this.#newLabel()
    this.#code.mov('cx', count).label(again).loop(again)
    return this
  }

  /** Stops for good: halts with interrupts off. */
  halt(): this {
    const again = this.#newLabel()
    // HLT ends by a non-maskable interrupt even with interrupts off.
    this.#code.cli().label(again).hlt().jmp(again)
    return this
  }

  /** Adds instructions of any kind. Labels of the builder's own begin with an underscore. */
  assembly(instructions: (assembler: Assembler) => unknown): this {
    instructions(this.#code)
    return this
  }

  /**
   * The finished image, to be placed so that it ends at the top of the first MiB (and of 4 GiB). A guest whose last step
   * lets it go on halts there. The builder takes no more steps afterwards.
   *
   * @throws {AssemblyError} if the program does not fit, or `assembly()` left it with a wrong label.
   */
  build(): Uint8Array {
    return this.#finish().assemble()
  }

  /**
   * The finished program as source text for NASM, which makes the same image of it.
   * @throws {AssemblyError} if the program does not fit.
   */
  toNasm(): string {
    return this.#finish().toNasm()
  }

  #finish(): Assembler {
    if (this.#finished) return this.#assembler
    this.halt()
    this.#finished = true
    const assembler = this.#assembler
    if (this.#prints) addPrinting(assembler)
    for (const [index, text] of this.#texts.entries()) assembler.label(textLabel(index)).db(text, 0)
    const size = SEGMENT_SIZE - this.#origin
    const room = size - RESET_VECTOR_SIZE - assembler.length
    if (room < 0) throw new AssemblyError(`the guest is ${-room} bytes too long for its ROM of ${size}`)
    assembler.fill(room, FILLER).label('_reset_vector').jmpFar(ROM_SEGMENT, '_start')
    return assembler.fill(size - assembler.length, FILLER)
  }

  get #code(): Assembler {
    if (this.#finished) throw new AssemblyError('the ROM has been built and takes no more steps')
    return this.#assembler
  }

  #ifZero(steps: (guest: this) => unknown): this {
    const then = this.#newLabel()
    const end = this.#newLabel()
    // The conditional jump is short, the steps may be long.
    this.#code.jz(then).jmpNear(end).label(then)
    steps(this)
    this.#code.label(end)
    return this
  }

  #read(port: number, to: 'al' | 'ax' | 'eax'): this {
    if (port <= 0xff) this.#code.in(to, port)
    else this.#code.mov('dx', port).in(to, 'dx')
    return this
  }

  #write(port: number, from: 'al' | 'ax' | 'eax'): this {
    if (port <= 0xff) this.#code.out(port, from)
    else this.#code.mov('dx', port).out('dx', from)
    return this
  }

  #newLabel(): string {
    return `_${++this.#labels}`
  }
}

function textLabel(index: number): string {
  return `_text_${index}`
}

/** The subroutines behind `print` and `printHex`. They change BX, DX and SI. */
function addPrinting(assembler: Assembler): void {
  assembler.label('_print_text').push('ax')
  assembler.label('_print_next').lodsb().test('al', 'al').jz('_print_done').call('_print_character').jmp('_print_next')
  assembler.label('_print_done').pop('ax').ret()

  assembler.label('_print_hex').push('ax').mov('bh', 'al')
  assembler.shr('al', 4).call('_print_digit').mov('al', 'bh').and('al', 0x0f).call('_print_digit').pop('ax').ret()

  const lettersAfterDigits = 'a'.charCodeAt(0) - '9'.charCodeAt(0) - 1
  assembler.label('_print_digit').add('al', '0'.charCodeAt(0)).cmp('al', '9'.charCodeAt(0)).jbe('_print_character')
  assembler.add('al', lettersAfterDigits)

  assembler.label('_print_character').mov('bl', 'al').mov('dx', COM1_LINE_STATUS)
  assembler.label('_print_wait').in('al', 'dx').test('al', TRANSMITTER_EMPTY).jz('_print_wait')
  assembler.mov('dx', COM1_DATA).mov('al', 'bl').out('dx', 'al').ret()
}
