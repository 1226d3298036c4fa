// Cuts a stream of bytes into lines of bounded length.

/** Ends every line that a monitor sends. */
export const LINE_END = '\r\n'

const NEWLINE = 0x0a
const NOTHING = new Uint8Array(0)

/** Feed it bytes in pieces of any size; it calls `onLine` with each line, without its end, or with undefined for one that was too long. */
export class LineSplitter {
  readonly #limit: number
  readonly #onLine: (line: Uint8Array | undefined) => void
  #pieces: Uint8Array[] = []
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
    this.#length += piece.length
    this.#tooLong = this.#length > this.#limit
    // A copy, since the caller may fill its buffer anew before the line ends.
    this.#pieces = this.#tooLong ? [] : [...this.#pieces, piece.slice()]
    if (this.#pieces.length > 64) this.#pieces = [join(this.#pieces)]
  }

  #finish(): void {
    const line = this.#tooLong ? undefined : join(this.#pieces)
    this.#pieces = []
    this.#length = 0
    this.#tooLong = false
    this.#onLine(line)
  }
}

function join(pieces: readonly Uint8Array[]): Uint8Array {
  const [first = NOTHING] = pieces
  if (pieces.length < 2) return first
  const joined = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    joined.set(piece, at)
    at += piece.length
  }
  return joined
}
