// Cuts a stream of bytes into lines of bounded length.

/** Ends every line that a monitor sends. */
export const LINE_END = '\r\n'

const NEWLINE = 0x0a
const NOTHING = new Uint8Array(0)

/** Feed it bytes in pieces of any size; it calls `onLine` with each line, without its end, or with undefined for one that was too long. */
export class LineSplitter {
  readonly #limit: number
  readonly #onLine: (line: Uint8Array | undefined) => void
  /** The line under way, in a buffer that may be longer. */
  #buffer = NOTHING
  #length = 0
  #tooLong = false

  /** @param limit bytes of the longest line, without its end. */
  constructor(limit: number, onLine: (line: Uint8Array | undefined) => void) {
    this.#limit = limit
    this.#onLine = onLine
  }

  feed(bytes: Uint8Array): void {
    let from = 0
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, from)) {
      this.#keep(bytes.subarray(from, end))
      this.#finish()
      from = end + 1
    }
    this.#keep(bytes.subarray(from))
  }

  #keep(piece: Uint8Array): void {
    if (this.#tooLong || piece.length === 0) return
    const length = this.#length + piece.length
    this.#tooLong = length > this.#limit
    if (this.#tooLong) {
      this.#buffer = NOTHING
      return
    }
    if (length > this.#buffer.length) this.#grow(length)
    this.#buffer.set(piece, this.#length)
    this.#length = length
  }

  #grow(length: number): void {
    const larger = new Uint8Array(Math.max(length, 2 * this.#buffer.length))
    larger.set(this.#buffer.subarray(0, this.#length))
    this.#buffer = larger
  }

  #finish(): void {
    const line = this.#tooLong ? undefined : this.#buffer.subarray(0, this.#length)
    this.#buffer = NOTHING
    this.#length = 0
    this.#tooLong = false
    this.#onLine(line)
  }
}
