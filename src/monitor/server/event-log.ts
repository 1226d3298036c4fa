// The events that clients have still to be sent: kept once for all of them, in bounded memory.

const CHUNK_BYTES = 1 << 16

interface Chunk {
  readonly start: number
  readonly bytes: Uint8Array
  used: number
}

/** A stream of bytes of which the newest are kept. Positions count from the first byte there ever was. */
export class EventLog {
  readonly #limit: number
  #chunks: Chunk[] = []
  #end = 0

  /** @param limit bytes that it should hold. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** The position of the oldest byte kept. */
  get start(): number {
    return this.#chunks[0]?.start ?? this.#end
  }

  /** The position after the newest byte. */
  get end(): number {
    return this.#end
  }

  /** Whether it is full: `dropOldest` comes before the next `append`. */
  get isFull(): boolean {
    return this.#end - this.start >= this.#limit
  }

  append(line: Uint8Array): void {
    let chunk = this.#chunks.at(-1)
    if (chunk === undefined || chunk.used + line.length > chunk.bytes.length) {
      chunk = { start: this.#end, bytes: new Uint8Array(Math.max(CHUNK_BYTES, line.length)), used: 0 }
      this.#chunks.push(chunk)
    }
    chunk.bytes.set(line, chunk.used)
    chunk.used += line.length
    this.#end += line.length
  }

  /** The bytes from `position` up to `end`, or the part of them that is in one chunk. They never change. */
  read(position: number, end: number): Uint8Array {
    const chunk = this.#chunks.findLast(({ start }) => start <= position)
    if (chunk === undefined) throw new RangeError(`position ${position} is not kept any more`)
    return chunk.bytes.subarray(position - chunk.start, Math.min(chunk.used, end - chunk.start))
  }

  /** Forgets everything. Whoever comes next is sent only what comes next. */
  clear(): void {
    this.#chunks = []
  }

  /** Drops the oldest bytes, so that `start` moves on. */
  dropOldest(): void {
    this.#chunks.shift()
  }
}
