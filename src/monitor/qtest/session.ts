// One client's qtest conversation: lines in, replies out, as QEMU's qtest server holds it.

import { type PortWidth, readPort, writePort } from '../../bus/port-access.js'
import { hex } from '../../common/hex.js'
import type { DmaMemory } from '../../devices/i8257.js'
import type { Machine } from '../../machine/machine.js'
import { LineSplitter } from '../line-splitter.js'
import { type DeviceState, ObjectTree } from '../qmp/qom.js'
import {
  decodeBytes,
  encodeBytes,
  QtestError,
  QtestWords,
  quote,
  readBase64,
  readHex,
  writeBase64,
  writeHex,
} from './words.js'

/** The client's side of a qtest session, and the guest's memory. */
export interface QtestSessionOptions {
  /** Takes what goes to the client. */
  readonly send: (bytes: Uint8Array) => void
  /** Told once when the machine has ended and its last reply is sent: the connection is to be closed. */
  readonly close?: () => void
  /** The guest's memory. None: reads give 0, writes vanish. */
  readonly memory?: DmaMemory
  /** Told of each line received and sent, without its end, for a log. */
  readonly onLine?: (direction: 'received' | 'sent', line: string) => void
  /** Bytes of the longest line; a longer one is answered by ERR. 1 MiB. */
  readonly lineLimit?: number
}

const LINE_LIMIT = 1 << 20
/** Bytes that one command may read or write: its hexadecimal digits fit a line. */
const DATA_LIMIT = LINE_LIMIT / 2 - 64
/** QEMU's memory is longer; beyond this there is nothing here. */
const LARGEST_ADDRESS = 0xffff_ffff
const ADDRESS_END = 1n << 64n
const SHORTEST_DATA_WORD = 3
/** Bytes that `memset` writes in one step. */
const FILL_STEP = 1 << 16
/** More than any command looks at. */
const MOST_WORDS = 8
const PORT_WIDTHS: Readonly<Record<string, PortWidth>> = { b: 1, w: 2, l: 4 }
const MEMORY_WIDTHS: Readonly<Record<string, number>> = { ...PORT_WIDTHS, q: 8 }

/**
 * A qtest client's session with a machine: port and memory accesses, a virtual clock, every reply as QEMU 7.2 gives it.
 * Where QEMU aborts on malformed input this answers one line, `ERR` and what is wrong, and goes on. Nothing throws.
 */
export class QtestSession {
  readonly #machine: Machine
  readonly #options: QtestSessionOptions
  readonly #lines: LineSplitter
  readonly #objects: ObjectTree
  readonly #lineLimit: number
  /** Lines that have come and are not answered yet. */
  readonly #received: (Uint8Array | undefined)[] = []
  /** What `memset` writes, step by step. */
  #filling: Uint8Array | undefined
  #intercepted: DeviceState | undefined
  /** Nanoseconds; nothing in the machine waits for it. */
  #clock = 0n
  #closed = false

  constructor(machine: Machine, options: QtestSessionOptions) {
    this.#machine = machine
    this.#options = options
    this.#objects = new ObjectTree(machine)
    this.#lineLimit = options.lineLimit ?? LINE_LIMIT
    this.#lines = new LineSplitter(this.#lineLimit, (line) => this.#received.push(line))
  }

  /** Takes bytes from the client, in pieces of any size. */
  receive(bytes: Uint8Array): void {
    for (const _ of this.steps(bytes)) {
    }
  }

  /**
   * Takes bytes as `receive` does, in steps of a few milliseconds at most: one `memset` can fill gigabytes. What is left
   * of one call is to be done before the next.
   */
  *steps(bytes: Uint8Array): Generator<void, void> {
    if (!this.#closed) this.#lines.feed(bytes)
    for (const line of this.#received.splice(0)) yield* this.#answer(line)
  }

  /** The client has gone. */
  end(): void {
    this.#closed = true
  }

  *#answer(bytes: Uint8Array | undefined): Generator<void, void> {
    if (this.#closed) return
    const line = bytes === undefined ? undefined : decodeBytes(bytes)
    this.#options.onLine?.('received', line ?? `(a line of more than ${this.#lineLimit} bytes)`)
    const reply = yield* this.#reply(line)
    if (this.#closed) return
    this.#options.onLine?.('sent', reply)
    this.#options.send(encodeBytes(`${reply}\n`))
    if (this.#machine.exitCode !== undefined) {
      this.end()
      this.#options.close?.()
    }
  }

  *#reply(line: string | undefined): Generator<void, string> {
    if (line === undefined) return `ERR a line must not have more than ${this.#lineLimit} bytes`
    if (line === '') return 'ERR the line is empty'
    const [command = '', ...words] = line.split(' ', MOST_WORDS)
    try {
      const given = new QtestWords(command, words)
      if (command === 'memset') return yield* this.#fill(given)
      return this.#execute(command, given) ?? `FAIL Unknown command '${command}'`
    } catch (error) {
      if (!(error instanceof QtestError)) throw error
      return `ERR ${error.message}`
    }
  }

  #execute(command: string, words: QtestWords): string | undefined {
    const [, access, letter = ''] = /^(in|out|read|write)([bwlq])$/.exec(command) ?? []
    const width = PORT_WIDTHS[letter]
    const bytes = MEMORY_WIDTHS[letter] ?? 0
    if (access === 'in' && width) return ok(hex(this.#in(words, width), 4))
    if (access === 'out' && width) return this.#out(words, width)
    if (access === 'read') return ok(hex(this.#readWord(words.number('address'), bytes), 16))
    if (access === 'write') return this.#writeWord(words, bytes)
    switch (command) {
      case 'read':
        return ok(`0x${writeHex(this.#readData(words, 1))}`)
      case 'write':
        return this.#writeData(words, readHex)
      case 'b64read':
        return ok(writeBase64(this.#readData(words, 0)))
      case 'b64write':
        return this.#writeData(words, readBase64)
      case 'endianness':
        return ok('little')
      case 'clock_step':
        return this.#setClock(this.#clock + BigInt.asIntN(64, words.hasMore ? words.number('nanoseconds') : 0n))
      case 'clock_set':
        return this.#setClock(BigInt.asIntN(64, words.number('nanoseconds')))
      case 'irq_intercept_in':
      case 'irq_intercept_out':
        return this.#intercept(words.text('path'))
      case 'set_irq_in':
        return this.#setInterrupt(words)
      case 'module_load':
        words.text('prefix')
        words.text('library')
        return 'FAIL'
      default:
        return undefined
    }
  }

  #in(words: QtestWords, width: PortWidth): number {
    return readPort(this.#machine.bus, words.port(), width)
  }

  #out(words: QtestWords, width: PortWidth): string {
    const port = words.port()
    const value = Number(words.number('value') & 0xffff_ffffn)
    writePort(this.#machine.bus, port, width, value)
    return 'OK'
  }

  #readWord(address: bigint, bytes: number): bigint {
    return BigInt(`0x${writeHex(this.#readMemory(address, bytes).reverse())}`)
  }

  #writeWord(words: QtestWords, bytes: number): string {
    const address = words.number('address')
    const value = words.number('value')
    const data = Uint8Array.from({ length: bytes }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn))
    this.#writeMemory(address, data)
    return 'OK'
  }

  #readData(words: QtestWords, least: number): Uint8Array {
    const address = words.number('address')
    const size = words.size(DATA_LIMIT)
    if (size < least) throw new QtestError(`read: size must be at least ${least}, got ${size}`)
    return this.#readMemory(address, size)
  }

  #writeData(words: QtestWords, read: (word: string, size: number) => Uint8Array): string {
    const address = words.number('address')
    const size = words.size(DATA_LIMIT)
    const word = words.text('data')
    if (word.length < SHORTEST_DATA_WORD) return 'ERR invalid argument size'
    this.#writeMemory(address, read(word, size))
    return 'OK'
  }

  *#fill(words: QtestWords): Generator<void, string> {
    const address = words.number('address')
    const size = words.number('size')
    const value = Number(words.number('value') & 0xffn)
    this.#filling ??= new Uint8Array(FILL_STEP)
    const piece = this.#filling.fill(value)
    const end = address + size
    const ranges: [bigint, bigint][] = [
      [address, end],
      [0n, end - ADDRESS_END],
    ]
    for (const [from, to] of ranges) {
      for (let at = from; at < to && at <= LARGEST_ADDRESS; at += BigInt(piece.length)) {
        const left = to - at
        this.#writeMemory(at, left < piece.length ? piece.subarray(0, Number(left)) : piece)
        yield
      }
    }
    return 'OK'
  }

  #setClock(nanoseconds: bigint): string {
    if (nanoseconds > this.#clock) this.#clock = nanoseconds
    return ok(String(this.#clock))
  }

  /** The one kind of device here, pvpanic, has no interrupt: there is nothing to hear of, but the client may ask. */
  #intercept(path: string): string {
    const device = this.#objects.findDevice(path)
    if (device === undefined) return 'FAIL Unknown device'
    if (this.#machine.qemu.interceptNeedsInterrupt) return 'FAIL No intercepts installed'
    if (this.#intercepted !== undefined && this.#intercepted !== device) return 'FAIL IRQ intercept already enabled'
    this.#intercepted = device
    return 'OK'
  }

  #setInterrupt(words: QtestWords): string {
    const path = words.text('path')
    words.text('name')
    words.number('number')
    words.number('level')
    if (this.#objects.findDevice(path) === undefined) return 'FAIL Unknown device'
    throw new QtestError(`set_irq_in: device ${quote(path)} has no interrupt input`)
  }

  #readMemory(address: bigint, size: number): Uint8Array {
    const bytes = new Uint8Array(size)
    const [low, high] = splitAtEnd(address, bytes)
    if (address <= LARGEST_ADDRESS) this.#options.memory?.read(Number(address), low)
    if (high.length > 0) this.#options.memory?.read(0, high)
    return bytes
  }

  #writeMemory(address: bigint, bytes: Uint8Array): void {
    const [low, high] = splitAtEnd(address, bytes)
    if (address <= LARGEST_ADDRESS) this.#options.memory?.write(Number(address), low)
    if (high.length > 0) this.#options.memory?.write(0, high)
  }
}

/** The part of an access that lies in the address space, and the part that wraps around to address 0. */
function splitAtEnd(address: bigint, bytes: Uint8Array): [Uint8Array, Uint8Array] {
  const room = ADDRESS_END - address
  const length = room < bytes.length ? Number(room) : bytes.length
  return [bytes.subarray(0, length), bytes.subarray(length)]
}

function ok(value: string): string {
  return `OK ${value}`
}
