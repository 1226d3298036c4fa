// One client's stream: what goes out waits here in order, what comes in waits until the client reads its answers.

import type { Duplex } from 'node:stream'
import type { EventLog } from './event-log.js'

/** What a connection talks to. */
export interface ConnectedSession {
  receive(bytes: Uint8Array): void
  end(): void
}

export interface ConnectionHooks {
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
/** Bytes of input looked at before the answers to them are counted. */
const INPUT_STEP = 1024
/** How long a client may take to read its last bytes. */
const FAREWELL_MS = 1000
/** How long it may take to close its side once the system has them all. */
const CLOSING_MS = 20
const NEWLINE = 0x0a

/**
 * A client may be slow, silent or gone: nothing here grows with what it does not read. Answers are bounded by no longer
 * reading its commands; events are in a log that all clients share, and whoever falls out of that is cut off.
 */
export class Connection {
  readonly #stream: Duplex
  readonly #log: EventLog
  readonly #hooks: ConnectionHooks
  #session: ConnectedSession | undefined
  #answers: Answer[] = []
  #unread = 0
  /** Where in the log the client is; undefined before it gets events. */
  #position: number | undefined
  #input: Uint8Array[] = []
  #inputDue = false
  #takingInput = false
  #inputEnded = false
  #ending = false
  #farewell: NodeJS.Timeout | undefined
  #closed = false

  constructor(stream: Duplex, log: EventLog, hooks: ConnectionHooks) {
    this.#stream = stream
    this.#log = log
    this.#hooks = hooks
  }

  /** Starts to hand the client's bytes to `session`. */
  open(session: ConnectedSession): void {
    this.#session = session
    this.#stream.on('data', (bytes: Uint8Array) => {
      if (this.#ending) return
      this.#input.push(bytes)
      this.#takeInputSoon()
    })
    // A client may have nothing more to say and still wait for answers.
    this.#stream.on('end', () => {
      this.#inputEnded = true
      if (this.#input.length === 0) this.finish()
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
        this.#takeInputSoon()
      })
    }
  }

  /** Closes once everything is sent; a client that does not read is not waited for. */
  finish(): void {
    if (this.#ending || this.#closed) return
    this.#ending = true
    this.#input = []
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
    this.#session?.end()
    this.#stream.destroy()
    this.#hooks.onClose()
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

  /** Hands on a step of the input in the next turn, so that each client has its turn before any has another. */
  #takeInputSoon(): void {
    if (this.#inputDue || this.#closed || this.#ending) return
    this.#inputDue = true
    setImmediate(() => {
      this.#inputDue = false
      this.#takeInput()
    })
  }

  #takeInput(): void {
    if (this.#closed || this.#ending) return
    if (this.#input.length > 0 && this.#takesAnswers()) {
      this.#takingInput = true
      for (let taken = 0; taken < INPUT_STEP && this.#takesAnswers(); ) {
        const line = this.#nextLine(INPUT_STEP - taken)
        if (line === undefined) break
        taken += line.length
        this.#session?.receive(line)
      }
      this.#takingInput = false
      this.#flushAnswers()
      if (this.#input.length > 0) this.#takeInputSoon()
    }
    if (this.#inputEnded && this.#input.length === 0) this.finish()
    else if (this.#input.length > 0) this.#stream.pause()
    else if (this.#stream.isPaused()) this.#stream.resume()
  }

  #takesAnswers(): boolean {
    return !this.#ending && this.#unread + this.#stream.writableLength < UNREAD_LIMIT
  }

  /** Takes at most `most` bytes from the input, to the end of the line: one command can have an answer of megabytes. */
  #nextLine(most: number): Uint8Array | undefined {
    const [bytes] = this.#input
    if (bytes === undefined) return undefined
    const step = bytes.subarray(0, most)
    const line = step.subarray(0, step.indexOf(NEWLINE) + 1 || step.length)
    if (line.length < bytes.length) this.#input[0] = bytes.subarray(line.length)
    else this.#input.shift()
    return line
  }

  #flushAnswers(): void {
    this.#hooks.beforeAnswer()
    this.flush()
  }
}
