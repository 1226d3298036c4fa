// One client's stream: what goes out waits here in order, what comes in waits until the client reads its answers.

import type { Duplex } from 'node:stream'
import type { EventLog } from './event-log.js'
import type { ForeignProtocol } from './foreign-protocol.js'
import type { Turns, Worker } from './turns.js'

/** What a connection talks to. */
export interface ConnectedSession {
  /** Takes bytes from the client. What they ask for is done, or is left to the iterator, in steps of a few milliseconds. */
  take(bytes: Uint8Array): Iterator<void> | undefined
  end(): void
}

export interface ConnectionOptions {
  readonly log: EventLog
  readonly turns: Turns
  /** Ends the connection as soon as it recognises a client that speaks something else. */
  readonly foreign?: ForeignProtocol
  /** Told before answers go out, so that events that came before them go out first, to other clients too. */
  readonly beforeAnswer: () => void
  /** Told once when the connection is no more. */
  readonly onClose: () => void
}

interface Answer {
  /** How far into the log of events the client was to be sent before this. */
  readonly after: number
  readonly bytes: Uint8Array
}

/** Bytes of unread answers beyond which a client's commands wait. */
const UNREAD_LIMIT = 1 << 16
/** Bytes of input handed on in one step. */
const INPUT_STEP = 1024
/** How long a client may take to read its last bytes. */
const FAREWELL_MS = 1000
/** How long it may take to close its side once the system has them all. */
const CLOSING_MS = 20
const NEWLINE = 0x0a
const CLOSING_BRACE = 0x7d

/**
 * A client may be slow, silent or gone: nothing here grows with what it does not read. Answers are bounded by no longer
 * reading its commands; events are in a log that all clients share, and whoever falls out of that is cut off.
 */
export class Connection implements Worker {
  readonly #stream: Duplex
  readonly #options: ConnectionOptions
  readonly #log: EventLog
  #session: ConnectedSession | undefined
  #answers: Answer[] = []
  #unread = 0
  /** Where in the log the client is; undefined before it gets events. */
  #position: number | undefined
  #input: Uint8Array[] = []
  /** The steps that the last piece of input still has to do. */
  #steps: Iterator<void> | undefined
  #takingInput = false
  #inputEnded = false
  #ending = false
  #farewell: NodeJS.Timeout | undefined
  #closed = false

  constructor(stream: Duplex, options: ConnectionOptions) {
    this.#stream = stream
    this.#options = options
    this.#log = options.log
  }

  /** Starts to hand the client's bytes to `session`. */
  open(session: ConnectedSession): void {
    this.#session = session
    this.#stream.on('data', (bytes: Uint8Array) => {
      if (this.#ending) return
      this.#input.push(bytes)
      this.#stream.pause()
      this.#askForTurn()
    })
    // A client may have nothing more to say and still wait for answers.
    this.#stream.on('end', () => {
      this.#inputEnded = true
      if (!this.#hasWork()) this.finish()
    })
    this.#stream.on('error', () => this.cut())
    this.#stream.on('close', () => this.cut())
  }

  /** From now on the client gets the events that come into the log. */
  startEvents(): void {
    this.#position ??= this.#log.end
  }

  /** Whether events wait that the log is about to drop, or has dropped. */
  isBehind(start: number): boolean {
    return this.#position !== undefined && this.#position < start
  }

  /** Sends an answer after the events there are. */
  send(bytes: Uint8Array): void {
    if (this.#closed) return
    this.#answers.push({ after: this.#log.end, bytes })
    this.#unread += bytes.length
    if (!this.#takingInput) this.#flushAnswers()
  }

  /** Writes as much as the client takes. */
  flush(): void {
    while (!this.#closed && this.#stream.writableLength === 0) {
      const bytes = this.#next()
      if (bytes === undefined) {
        if (this.#ending) this.#stream.end()
        return
      }
      this.#stream.write(bytes, () => {
        this.flush()
        this.#askForTurn()
      })
    }
  }

  /** Closes once everything is sent; a client that does not read is not waited for. */
  finish(): void {
    if (this.#ending || this.#closed) return
    this.#ending = true
    this.#input = []
    this.#steps = undefined
    this.#cutIn(FAREWELL_MS)
    this.#stream.once('finish', () => this.#cutIn(CLOSING_MS))
    // What still comes in is dropped, and so its end is noticed.
    this.#stream.resume()
    this.flush()
  }

  /** Closes at once. */
  cut(): void {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#farewell)
    this.#answers = []
    this.#input = []
    this.#steps = undefined
    this.#options.turns.remove(this)
    this.#session?.end()
    this.#stream.destroy()
    this.#options.onClose()
  }

  #cutIn(milliseconds: number): void {
    clearTimeout(this.#farewell)
    if (!this.#closed) this.#farewell = setTimeout(() => this.cut(), milliseconds)
  }

  /** The next bytes in order: events up to where the next answer belongs, or that answer and those right behind it. */
  #next(): Uint8Array | undefined {
    const end = this.#answers[0]?.after ?? this.#log.end
    if (this.#position !== undefined && this.#position < end) {
      const events = this.#log.read(this.#position, end)
      this.#position += events.length
      return events
    }
    const count = this.#answers.findIndex(({ after }) => after !== end)
    const answers = this.#answers.splice(0, count === -1 ? this.#answers.length : count)
    if (answers.length === 0) return undefined
    const bytes = Buffer.concat(answers.map((answer) => answer.bytes))
    this.#unread -= bytes.length
    return bytes
  }

  #askForTurn(): void {
    if (!this.#closed && this.#hasWork() && this.#takesAnswers()) this.#options.turns.request(this)
  }

  work(isOver: () => boolean): boolean {
    this.#takingInput = true
    do this.#workStep()
    while (this.#hasWork() && this.#takesAnswers() && !isOver())
    this.#takingInput = false
    this.#flushAnswers()
    if (this.#hasWork()) return this.#takesAnswers()
    if (this.#inputEnded) this.finish()
    else if (!this.#closed) this.#stream.resume()
    return false
  }

  #hasWork(): boolean {
    return this.#steps !== undefined || this.#input.length > 0
  }

  #takesAnswers(): boolean {
    return !this.#ending && this.#unread + this.#stream.writableLength < UNREAD_LIMIT
  }

  #workStep(): void {
    this.#steps ??= this.#nextSteps()
    if (this.#steps?.next().done !== false) this.#steps = undefined
  }

  #nextSteps(): Iterator<void> | undefined {
    const piece = this.#nextPiece()
    if (piece === undefined) return undefined
    if (this.#options.foreign?.isBegunBy(piece)) {
      this.cut()
      return undefined
    }
    return this.#session?.take(piece)
  }

  /** A piece of the input with one command at most: it ends with its line, at a closing brace, or after INPUT_STEP bytes. */
  #nextPiece(): Uint8Array | undefined {
    const [bytes] = this.#input
    if (bytes === undefined) return undefined
    const step = bytes.subarray(0, INPUT_STEP)
    const line = step.subarray(0, step.indexOf(NEWLINE) + 1 || step.length)
    const piece = line.subarray(0, line.indexOf(CLOSING_BRACE) + 1 || line.length)
    if (piece.length < bytes.length) this.#input[0] = bytes.subarray(piece.length)
    else this.#input.shift()
    return piece
  }

  #flushAnswers(): void {
    this.#options.beforeAnswer()
    this.flush()
  }
}
