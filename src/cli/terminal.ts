// Where the program writes, and the one place through which text goes on its way there: made printable, cut, coloured.

import { styleText } from 'node:util'
import { printable, printableJson } from '../common/printable.js'
import { EXIT } from './exit-codes.js'

/** Where a terminal's text ends up: a process's own streams, or a test's. */
export interface Streams {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** Whether `out` shows colours. */
  readonly colours: boolean
  /** Whether a person looks at `err`. */
  readonly isWatched?: boolean
  /** Waits until what was written has left, and tells whether anybody still reads. Default: at once, yes. */
  readonly flushed?: () => Promise<boolean>
}

export type Style = Parameters<typeof styleText>[0]

/** Characters of a line that are shown; a guest's or a file's can be of any length. */
const LONGEST_LINE = 4000
/** Back to the first column, and the rest of the line cleared. */
const CLEAR_LINE = '\r\x1b[K'

/** Text for people and JSON for programs. A guest's text, a file's or an error's cannot steer the terminal. */
export class Terminal {
  readonly #streams: Streams

  constructor(streams: Streams) {
    this.#streams = streams
  }

  /** Whether a person looks at the errors, and at the progress. */
  get isWatched(): boolean {
    return this.#streams.isWatched === true
  }

  readonly out = (text: string, style?: Style): void => {
    const shown = printable(text, LONGEST_LINE)
    this.#streams.out(style !== undefined && this.#streams.colours ? styleText(style, shown) : shown)
  }

  readonly err = (text: string): void => {
    this.#streams.err(printable(text, LONGEST_LINE))
  }

  /** One JSON text and a line feed. */
  json(value: unknown, indent?: number): void {
    this.#streams.out(`${printableJson(value, indent)}\n`)
  }

  /** The guest's own bytes, for a user who asked for them: whatever they make of the terminal. */
  raw(text: string): void {
    this.#streams.out(text)
  }

  /** Replaces the line at the bottom of the screen; '' takes it away. */
  status(text: string): void {
    this.#streams.err(`${CLEAR_LINE}${printable(text)}`)
  }

  /** The same terminal, with everything that goes to `out` beside it. */
  beside(): Terminal {
    return new Terminal({ ...this.#streams, out: this.#streams.err })
  }

  /** Waits until what was written has left. False once nobody reads it any more. */
  async flushed(): Promise<boolean> {
    return (await this.#streams.flushed?.()) ?? true
  }
}

/**
 * The streams of this process. A reader that leaves early (`| head`) is no error: the rest goes nowhere. Output that
 * cannot be written otherwise, to a full disk say, ends the process.
 */
export function processStreams(): Streams {
  const { stdout, stderr, env } = process
  let isRead = true
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    isRead = false
    if (error.code === 'EPIPE') return
    stderr.write(`isa-pvpanic: the output cannot be written: ${error.message}\n`)
    process.exit(EXIT.fault)
  })
  // There is nowhere left to say so.
  stderr.on('error', () => {})
  const isSmart = env.TERM !== 'dumb'
  return {
    out: (text) => stdout.write(text),
    err: (text) => stderr.write(text),
    // https://no-color.org: set, and not empty.
    colours: stdout.isTTY === true && isSmart && !env.NO_COLOR,
    isWatched: stderr.isTTY === true && isSmart,
    // The callback comes after an error's event too.
    flushed: () => new Promise((resolve) => stdout.write('', () => setImmediate(() => resolve(isRead)))),
  }
}
