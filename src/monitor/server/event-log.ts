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

  /** Whether it holds as much as it should: before more comes, `dropOldest`. */
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

  /** Bytes from `position` on and before `end`, as many as lie together. They stay as they are. */
  read(position: number, end: number): Uint8Array {
    const chunk = this.#chunks.findLast(({ start }) => start <= position)
    if (chunk === undefined) throw new RangeError(`position ${position} is not kept any more`)
    return chunk.bytes.subarray(position - chunk.start, Math.min(chunk.used, end - chunk.start))
  }

  /** Forgets everything: nobody is to be sent anything that came before. */
  clear(): void {
    this.#chunks = []
  }

  /** Makes `start` move past the oldest bytes. */
  dropOldest(): void {
    this.#chunks.shift()
  }
}
