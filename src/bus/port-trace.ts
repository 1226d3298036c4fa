// Port traces: every access of a bus in a compact file, written while a guest runs, read again, and replayed on a bus.

import { hex } from '../common/hex.js'
import type { IoPortBus } from './io-port-bus.js'
import { readPort, writePort } from './port-access.js'
import { type PortAccess, tapPorts } from './port-tap.js'

/*
 * The file, little-endian throughout. Header, 16 bytes: "PIOTRACE", u16 version, u16 bytes of the header, u32 zero.
 * Then records of 8 bytes: u16 port, u8 width in bytes (bit 7 set: a read), u8 zero, u32 value.
 */
const MAGIC = 'PIOTRACE'
const VERSION = 1
const VERSION_OFFSET = 8
const HEADER_LENGTH_OFFSET = 10
const HEADER_BYTES = 16
const RECORD_BYTES = 8
const WIDTH_OFFSET = 2
const ZERO_OFFSET = 3
const VALUE_OFFSET = 4
const READ_FLAG = 0x80

const CHUNK_BYTES = RECORD_BYTES * 0x2000

/** The bytes are no port trace, or a damaged one. */
export class PortTraceError extends Error {
  override readonly name = 'PortTraceError'

  constructor(
    /** Where in the file, in bytes. */
    readonly offset: number,
    reason: string,
  ) {
    super(`port trace, byte ${offset}: ${reason}`)
  }
}

/** What begins every trace file. */
export function portTraceHeader(): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES)
  const view = new DataView(bytes.buffer)
  for (const [index, character] of [...MAGIC].entries()) bytes[index] = character.charCodeAt(0)
  view.setUint16(VERSION_OFFSET, VERSION, true)
  view.setUint16(HEADER_LENGTH_OFFSET, HEADER_BYTES, true)
  return bytes
}

/** Collects accesses into the bytes of a trace file and hands them on, 64 KiB at a time. */
export class PortTraceWriter {
  readonly #onBytes: (bytes: Uint8Array) => void
  #view = new DataView(new ArrayBuffer(CHUNK_BYTES))
  #filled = 0

  /** @param onBytes given the header now, and then each further piece of the file; it may keep them. */
  constructor(onBytes: (bytes: Uint8Array) => void) {
    this.#onBytes = onBytes
    onBytes(portTraceHeader())
  }

  /** Adds an access. */
  add({ port, width, write, value }: PortAccess): void {
    const at = this.#filled
    this.#view.setUint16(at, port, true)
    this.#view.setUint8(at + WIDTH_OFFSET, write ? width : width | READ_FLAG)
    this.#view.setUint32(at + VALUE_OFFSET, value, true)
    this.#filled = at + RECORD_BYTES
    if (this.#filled === CHUNK_BYTES) this.flush()
  }

  /** Hands on what has been collected. */
  flush(): void {
    if (this.#filled === 0) return
    this.#onBytes(new Uint8Array(this.#view.buffer, 0, this.#filled))
    this.#view = new DataView(new ArrayBuffer(CHUNK_BYTES))
    this.#filled = 0
  }
}

/**
 * Writes down every access to a bus from now on, with no more memory than 64 KiB. A bus that is not being recorded works
 * as if this did not exist.
 * @param onBytes given the pieces of the trace file in order; called from within the guest's accesses, so it must not throw.
 * @returns what ends it, having handed on the last piece, and returns how many accesses were recorded.
 */
export function recordPortTrace(bus: IoPortBus, onBytes: (bytes: Uint8Array) => void): () => number {
  const writer = new PortTraceWriter(onBytes)
  let accesses = 0
  const untap = tapPorts(bus, (access) => {
    writer.add(access)
    accesses++
  })
  return () => {
    untap()
    writer.flush()
    return accesses
  }
}

/**
 * The accesses of a trace file.
 * @throws {PortTraceError} at the first byte that is wrong, once the iteration comes to it.
 */
export function* readPortTrace(file: Uint8Array): Generator<PortAccess, void, undefined> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  for (let at = readHeader(file, view); at < file.length; at += RECORD_BYTES) {
    if (at + RECORD_BYTES > file.length) {
      throw new PortTraceError(at, `a record takes ${RECORD_BYTES} bytes, the file ends after ${file.length - at}`)
    }
    yield readRecord(view, at)
  }
}

/** Where the records begin. */
function readHeader(file: Uint8Array, view: DataView): number {
  const magic = String.fromCharCode(...file.subarray(0, MAGIC.length))
  if (magic !== MAGIC) throw new PortTraceError(0, `not a port trace: it does not begin with ${MAGIC}`)
  if (file.length < HEADER_BYTES) {
    throw new PortTraceError(file.length, `the header takes ${HEADER_BYTES} bytes, the file ends before`)
  }
  const version = view.getUint16(VERSION_OFFSET, true)
  if (version !== VERSION) {
    throw new PortTraceError(VERSION_OFFSET, `version ${version}; this program reads version ${VERSION}`)
  }
  const headerBytes = view.getUint16(HEADER_LENGTH_OFFSET, true)
  if (headerBytes !== HEADER_BYTES) {
    throw new PortTraceError(HEADER_LENGTH_OFFSET, `expected a header of ${HEADER_BYTES} bytes, got ${headerBytes}`)
  }
  return HEADER_BYTES
}

function readRecord(view: DataView, at: number): PortAccess {
  const kind = view.getUint8(at + WIDTH_OFFSET)
  const width = kind & ~READ_FLAG
  const value = view.getUint32(at + VALUE_OFFSET, true)
  if (width !== 1 && width !== 2 && width !== 4) {
    throw new PortTraceError(at + WIDTH_OFFSET, `expected a width of 1, 2 or 4 bytes, got ${width}`)
  }
  if (view.getUint8(at + ZERO_OFFSET) !== 0) {
    throw new PortTraceError(at + ZERO_OFFSET, `expected 0, got ${view.getUint8(at + ZERO_OFFSET)}`)
  }
  if (value >= 2 ** (8 * width)) {
    throw new PortTraceError(at + VALUE_OFFSET, `${hex(value)} is no value of ${width} bytes`)
  }
  return { port: view.getUint16(at, true), width, write: (kind & READ_FLAG) === 0, value }
}

/** Where a bus behaved unlike the one of the trace. */
export interface PortTraceDifference {
  /** Which access of the trace, from 0. */
  readonly index: number
  /** The read, with the value of the trace. */
  readonly expected: PortAccess
  /** What the bus gave. */
  readonly actual: number
}

/**
 * Does all that a trace holds on a bus, and stops at the first read that gives another value.
 * @param only says which accesses to do, all unless given; the others are passed over.
 * @throws what the trace throws while it is read.
 */
export function replayPortTrace(
  trace: Iterable<PortAccess>,
  bus: IoPortBus,
  only: (access: PortAccess) => boolean = () => true,
): PortTraceDifference | undefined {
  let index = 0
  for (const access of trace) {
    if (only(access)) {
      const actual = perform(bus, access)
      if (actual !== access.value) return { index, expected: access, actual }
    }
    index++
  }
  return undefined
}

/** Does one access; gives what was read, or what was written. */
function perform(bus: IoPortBus, { port, width, write, value }: PortAccess): number {
  if (!write) return readPort(bus, port, width)
  writePort(bus, port, width, value)
  return value
}
