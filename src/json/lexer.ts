// Cuts a stream of bytes into JSON tokens, leniently where QEMU is lenient, and finds its way back after a bad byte.

/** A punctuation token is its own character; the others carry their text. */
export type TokenType = '{' | '}' | '[' | ']' | ':' | ',' | 'string' | 'integer' | 'float' | 'keyword' | 'stray'

export interface Token {
  readonly type: TokenType
  /** As sent: a string with its quotes and escapes; empty for punctuation. */
  readonly text: Uint8Array
}

const NOTHING = new Uint8Array(0)
const PUNCTUATION: ReadonlyMap<number, Token> = new Map(
  (['{', '}', '[', ']', ':', ','] as const).map((type) => [type.charCodeAt(0), { type, text: NOTHING }]),
)

const TAB = 0x09
const NEWLINE = 0x0a
const BACKSLASH = 0x5c
const DOUBLE_QUOTE = 0x22
const SINGLE_QUOTE = 0x27
const MINUS = 0x2d
const PLUS = 0x2b
const POINT = 0x2e
const ZERO = 0x30
const SMALL_E = 0x65
const CAPITAL_E = 0x45
const FIRST_PRINTABLE = 0x20
/** 0xfe and 0xff, which UTF-8 has no use for: a client sends one to get out of whatever it began. */
const FIRST_NON_UTF8 = 0xfe

const isBlank = (byte: number) => byte === 0x20 || byte === TAB || byte === NEWLINE || byte === 0x0d
const isDigit = (byte: number) => byte >= ZERO && byte <= 0x39
const isLetter = (byte: number) => byte >= 0x61 && byte <= 0x7a
const isExponent = (byte: number) => byte === SMALL_E || byte === CAPITAL_E
const endsStrings = (byte: number) => byte < FIRST_PRINTABLE || byte >= FIRST_NON_UTF8

/** Where in a token the lexer is, or between tokens. */
type State =
  | 'start'
  | 'recovery'
  | 'keyword'
  | 'string'
  | 'escape'
  | 'minus'
  | 'zero'
  | 'digits'
  | 'point'
  | 'fraction'
  | 'exponent'
  | 'exponent sign'
  | 'exponent digits'

/** What a byte means in the middle of a token: it goes on in a state, the token is over before it, or it has no place. */
type Step = State | 'end' | 'stray'

const COMPLETE: Partial<Record<State, TokenType>> = {
  keyword: 'keyword',
  zero: 'integer',
  digits: 'integer',
  fraction: 'float',
  'exponent digits': 'float',
}

/** Feed it bytes in pieces of any size; it calls `onToken` for each token as soon as it is complete. */
export class JsonLexer {
  readonly #limit: number
  readonly #onToken: (token: Token) => void
  #state: State = 'start'
  #quote = 0
  #text = new Uint8Array(64)
  #length = 0
  #line = 1
  #column = 0
  #tokenLine = 1
  #tokenColumn = 1

  /** @param limit bytes after which a token that has not ended is handed over as 'stray'. */
  constructor(limit: number, onToken: (token: Token) => void) {
    this.#limit = limit
    this.#onToken = onToken
  }

  /** Line and column, from 1, of the token that was handed over last. */
  get tokenPlace(): string {
    return `${this.#tokenLine}:${this.#tokenColumn}`
  }

  /** Line and column of what would come next. */
  get place(): string {
    return `${this.#line}:${this.#column + 1}`
  }

  feed(bytes: Uint8Array): void {
    for (const byte of bytes) {
      this.#column++
      if (byte === NEWLINE) {
        this.#line++
        this.#column = 0
      }
      if (this.#state === 'recovery') this.#recover(byte)
      else if (this.#state === 'start') this.#begin(byte)
      else this.#continue(byte)
    }
  }

  /** Nothing more comes: a token under way is over, or is none. */
  end(): void {
    if (this.#state !== 'start' && this.#state !== 'recovery') this.#emit(COMPLETE[this.#state] ?? 'stray')
  }

  /** After a stray byte everything is skipped, quotes and blanks too, up to punctuation, a line end or another control byte. */
  #recover(byte: number): void {
    if (byte === TAB || !(PUNCTUATION.has(byte) || endsStrings(byte))) return
    this.#state = 'start'
    this.#begin(byte, 1)
  }

  /** @param ahead 1 if the byte ended something else first: QEMU counts its column twice. */
  #begin(byte: number, ahead = 0): void {
    this.#tokenLine = this.#line
    this.#tokenColumn = this.#column + ahead
    const punctuation = PUNCTUATION.get(byte)
    if (punctuation !== undefined) this.#onToken(punctuation)
    else if (!isBlank(byte)) {
      this.#keep(byte)
      if (isQuote(byte)) this.#quote = byte
      const state = firstState(byte)
      if (state === undefined) this.#stray()
      else this.#state = state
    }
  }

  #continue(byte: number): void {
    const step = this.#step(byte)
    if (step === 'end') {
      this.#emit(COMPLETE[this.#state] ?? 'stray')
      this.#begin(byte, 1)
      return
    }
    this.#keep(byte)
    if (step === 'stray') this.#stray()
    else if (step === 'start') this.#emit('string')
    else this.#state = step
    if (this.#length > this.#limit) this.#emit('stray')
  }

  #step(byte: number): Step {
    switch (this.#state) {
      case 'keyword':
        return isLetter(byte) ? 'keyword' : 'end'
      case 'string':
        if (endsStrings(byte)) return 'stray'
        if (byte === BACKSLASH) return 'escape'
        return byte === this.#quote ? 'start' : 'string'
      case 'escape':
        return endsStrings(byte) ? 'stray' : 'string'
      case 'minus':
        if (byte === ZERO) return 'zero'
        return isDigit(byte) ? 'digits' : 'stray'
      case 'zero':
        // QEMU's lexer knows 0 and 0.5, but not 0e5.
        if (isDigit(byte)) return 'stray'
        return byte === POINT ? 'point' : 'end'
      case 'digits':
        return isDigit(byte) ? 'digits' : afterDigits(byte)
      case 'point':
        return isDigit(byte) ? 'fraction' : 'stray'
      case 'fraction':
        if (isDigit(byte)) return 'fraction'
        return isExponent(byte) ? 'exponent' : 'end'
      case 'exponent':
        if (byte === PLUS || byte === MINUS) return 'exponent sign'
        return isDigit(byte) ? 'exponent digits' : 'stray'
      case 'exponent sign':
        return isDigit(byte) ? 'exponent digits' : 'stray'
      case 'exponent digits':
        return isDigit(byte) ? 'exponent digits' : 'end'
      default:
        return 'stray'
    }
  }

  #stray(): void {
    this.#emit('stray')
    this.#state = 'recovery'
  }

  #emit(type: TokenType): void {
    const text = this.#text.slice(0, this.#length)
    this.#length = 0
    if (this.#text.length > LARGEST_IDLE_BUFFER) this.#text = new Uint8Array(64)
    this.#state = 'start'
    this.#onToken({ type, text })
  }

  #keep(byte: number): void {
    if (this.#length === this.#text.length) {
      const larger = new Uint8Array(2 * this.#length)
      larger.set(this.#text)
      this.#text = larger
    }
    this.#text[this.#length++] = byte
  }
}

/** What a connection keeps between tokens, so that one long string does not cost memory for ever. */
const LARGEST_IDLE_BUFFER = 4096

function isQuote(byte: number): boolean {
  return byte === DOUBLE_QUOTE || byte === SINGLE_QUOTE
}

function firstState(byte: number): State | undefined {
  if (isQuote(byte)) return 'string'
  if (isLetter(byte)) return 'keyword'
  if (byte === MINUS) return 'minus'
  if (byte === ZERO) return 'zero'
  return isDigit(byte) ? 'digits' : undefined
}

function afterDigits(byte: number): Step {
  if (byte === POINT) return 'point'
  return isExponent(byte) ? 'exponent' : 'end'
}
