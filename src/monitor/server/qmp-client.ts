// A QMP client: connects to this package's server or to QEMU, executes commands, hears of events.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import { messageOf } from '../../common/message-of.js'
import type { Timestamp } from '../../machine/events.js'
import { parseSocketAddress } from '../../qemu-options/socket-address.js'
import { LineSplitter } from '../line-splitter.js'
import { QmpError } from '../qmp/error.js'

/** An event as it came over the wire. */
export interface QmpClientEvent {
  readonly event: string
  readonly data?: Readonly<Record<string, unknown>>
  readonly timestamp: Timestamp
}

/** How a client waits, and whom it tells of events. */
export interface QmpClientOptions {
  /** Milliseconds that connecting with negotiation, and each command, may take. 10,000. */
  readonly timeoutMs?: number
  /** Told of every event from negotiation on, in order, before the answer that follows it on the wire. */
  readonly onEvent?: (event: QmpClientEvent) => void
}

/** The conversation has come to an end, or what came is no QMP. */
export class QmpConnectionError extends Error {
  override readonly name = 'QmpConnectionError'
}

const TIMEOUT_MS = 10_000
/** Longest line taken from a server: QEMU's longest, the schema, has less than 1 MiB. */
const LINE_LIMIT = 16 << 20

interface Pending {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
  readonly timer: NodeJS.Timeout
}

/** A negotiated connection. Commands are answered in order; several can be under way. */
export class QmpClient {
  readonly #socket: Socket
  readonly #timeoutMs: number
  readonly #pending = new Map<number, Pending>()
  readonly #listeners = new Set<(event: QmpClientEvent) => void>()
  #nextId = 1
  #failure: QmpConnectionError | undefined
  #onGreeting: (greeting: unknown) => void = () => {}
  /** What the server is, from its greeting: QEMU's `{ qemu: { major, minor, micro }, package }`. */
  version: unknown
  /** Settles when the connection is no more, whoever closed it. */
  readonly closed: Promise<void>

  private constructor(socket: Socket, { timeoutMs = TIMEOUT_MS, onEvent }: QmpClientOptions) {
    this.#socket = socket
    this.#timeoutMs = timeoutMs
    if (onEvent !== undefined) this.#listeners.add(onEvent)
    const lines = new LineSplitter(LINE_LIMIT, (line) => this.#read(line))
    socket.on('data', (bytes) => lines.feed(bytes))
    socket.on('error', (error) => this.#fail(new QmpConnectionError(error.message)))
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#fail(new QmpConnectionError('the server closed the connection'))
        resolve()
      })
    })
  }

  /**
   * Connects to `unix:PATH` or `tcp:HOST:PORT` and negotiates.
   * @throws {SocketAddressError | QmpConnectionError | QmpError}
   */
  static async connect(address: string, options: QmpClientOptions = {}): Promise<QmpClient> {
    const socket = connect(parseSocketAddress(address))
    try {
      await once(socket, 'connect')
    } catch (error) {
      throw new QmpConnectionError(`${address}: ${messageOf(error)}`)
    }
    return QmpClient.over(socket, options)
  }

  /** Negotiates over a socket that is connected: QEMU's, say, which called us. @throws {QmpConnectionError | QmpError} */
  static async over(socket: Socket, options: QmpClientOptions = {}): Promise<QmpClient> {
    const client = new QmpClient(socket, options)
    try {
      await client.#greeting()
      await client.execute('qmp_capabilities')
      return client
    } catch (error) {
      client.close()
      throw error
    }
  }

  /**
   * Executes a command and gives what it returned.
   * @param timeoutMs in place of the client's own.
   * @throws {QmpError} if the server refuses.
   * @throws {QmpConnectionError} if the answer does not come in time, or not any more.
   */
  execute(command: string, args?: Readonly<Record<string, unknown>>, timeoutMs = this.#timeoutMs): Promise<unknown> {
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure)
        return
      }
      const timer = setTimeout(() => {
        this.#pending.delete(id)
        reject(new QmpConnectionError(`${command}: no answer within ${timeoutMs} ms`))
      }, timeoutMs)
      this.#pending.set(id, { resolve, reject, timer })
      this.#socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`)
    })
  }

  /** Calls `listener` at each event, in order. Returns what ends that. */
  on(listener: (event: QmpClientEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Waits for an event that comes from now on.
   * @param data what it must have as its data; anything if not given.
   * @throws {QmpConnectionError} if it does not come in time, or not any more.
   */
  async waitFor(
    event: string,
    data?: Readonly<Record<string, unknown>>,
    timeoutMs = this.#timeoutMs,
  ): Promise<QmpClientEvent> {
    let stop = () => {}
    let timer: NodeJS.Timeout | undefined
    try {
      return await new Promise<QmpClientEvent>((resolve, reject) => {
        stop = this.on((found) => {
          if (found.event === event && (data === undefined || isDeepStrictEqual(found.data, data))) resolve(found)
        })
        timer = setTimeout(() => reject(new QmpConnectionError(`no ${event} within ${timeoutMs} ms`)), timeoutMs)
        void this.closed.then(() => reject(this.#failure ?? new QmpConnectionError('the connection is closed')))
      })
    } finally {
      stop()
      clearTimeout(timer)
    }
  }

  /** Closes the connection; what has not been answered is rejected. */
  close(): void {
    this.#fail(new QmpConnectionError('the connection was closed here'))
    this.#socket.destroy()
  }

  #greeting(): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = () => reject(new QmpConnectionError(`no greeting within ${this.#timeoutMs} ms`))
      const timer = setTimeout(late, this.#timeoutMs)
      void this.closed.then(() => {
        clearTimeout(timer)
        reject(this.#failure)
      })
      this.#onGreeting = (greeting) => {
        clearTimeout(timer)
        this.version = isRecord(greeting) ? greeting.version : undefined
        resolve()
      }
    })
  }

  #read(line: Uint8Array | undefined): void {
    if (this.#failure !== undefined) return
    const message = line === undefined ? undefined : parse(line)
    if (!isRecord(message)) {
      this.#fail(new QmpConnectionError('the server sent a line that is no QMP message'))
      this.#socket.destroy()
    } else if ('QMP' in message) this.#onGreeting(message.QMP)
    else if ('event' in message) this.#tell(message as unknown as QmpClientEvent)
    else this.#settle(message)
  }

  #tell(event: QmpClientEvent): void {
    for (const listener of [...this.#listeners]) listener(event)
  }

  #settle({ id, error, return: value }: Readonly<Record<string, unknown>>): void {
    const pending = this.#pending.get(Number(id))
    if (pending === undefined) return
    this.#pending.delete(Number(id))
    clearTimeout(pending.timer)
    if (isRecord(error)) pending.reject(new QmpError(String(error.desc), String(error.class)))
    else pending.resolve(value)
  }

  #fail(failure: QmpConnectionError): void {
    if (this.#failure !== undefined) return
    this.#failure = failure
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer)
      reject(failure)
    }
    this.#pending.clear()
  }
}

function parse(line: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(line))
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
