// Puts a machine behind QMP and qtest sockets, for any number of clients.

import { once } from 'node:events'
import { connect, createServer, isIPv4, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { DmaMemory } from '../../devices/i8257.js'
import type { JsonLimits } from '../../json/reader.js'
import type { Machine } from '../../machine/machine.js'
import { parseSocketAddress, type SocketAddress, showSocketAddress } from '../../qemu-options/socket-address.js'
import { QmpMonitor, type QmpMonitorOptions } from '../qmp/monitor.js'
import { QmpSession } from '../qmp/session.js'
import { QtestSession, type QtestSessionOptions } from '../qtest/session.js'
import { type ConnectedSession, Connection } from './connection.js'
import { EventLog } from './event-log.js'
import { ForeignProtocol } from './foreign-protocol.js'
import { Turns } from './turns.js'
import { listenAtPath, listenAtPort } from './unix-socket.js'

/** The protocols that are served. */
export type Protocol = 'qmp' | 'qtest'

/** What a server knows of the guest, and whom it tells. */
export interface MonitorServerOptions extends QmpMonitorOptions {
  /** The guest's memory, for qtest. None: reads give 0, writes vanish. */
  readonly memory?: DmaMemory
  /** Told of each qtest line, for a log. */
  readonly onQtestLine?: QtestSessionOptions['onLine']
  /** What a QMP request may cost. 64 KiB, 4,096 tokens, 1,024 levels: far more than any command needs, and read within milliseconds. */
  readonly limits?: JsonLimits
  /** Bytes of events that a client may be behind before it is cut off; kept once for all clients. 16 MiB. */
  readonly eventLimit?: number
  /** Clients at one time; who connects beyond that is turned away. 1,024. */
  readonly clientLimit?: number
  /** Told of a socket that other computers can reach, and of clients turned away. Writes to the console. */
  readonly onWarning?: (text: string) => void
}

/** Where a machine is served. */
export interface ServeOptions extends MonitorServerOptions {
  /** Addresses to serve QMP at: `unix:PATH` or `tcp:HOST:PORT`. */
  readonly qmp?: readonly string[]
  /** Addresses to serve qtest at. */
  readonly qtest?: readonly string[]
}

const REQUEST_LIMITS: JsonLimits = { bytes: 1 << 16, tokens: 1 << 12, depth: 1024 }
const EVENT_LIMIT = 16 << 20
const CLIENT_LIMIT = 1024

/** A machine's sockets. A client that does not read is cut off once it is too far behind; the others do not notice. */
export class MonitorServer {
  readonly #machine: Machine
  readonly #options: MonitorServerOptions
  readonly #monitor: QmpMonitor
  readonly #log: EventLog
  readonly #servers: Server[] = []
  readonly #connections = new Set<Connection>()
  readonly #unsubscribe: () => void
  readonly #turns = new Turns()
  #wasFull = false
  #flushing = false
  #flushDue = false
  #closing = false
  /** Settles when the machine has ended, every client has been told, and the sockets are closed. */
  readonly ended: Promise<void>
  #onEnded = () => {}

  constructor(machine: Machine, options: MonitorServerOptions = {}) {
    this.#machine = machine
    this.#options = options
    this.#monitor = new QmpMonitor(machine, options)
    this.#log = new EventLog(options.eventLimit ?? EVENT_LIMIT)
    const unsubscribe = this.#monitor.events.subscribe((line) => this.#keep(line))
    // Whoever ended it by a command is answered first.
    const forgetEnd = machine.onEnd(() => setImmediate(() => this.#finish()))
    this.#unsubscribe = () => {
      unsubscribe()
      forgetEnd()
    }
    this.ended = new Promise((resolve) => {
      this.#onEnded = resolve
    })
  }

  /** How many clients are connected. */
  get clients(): number {
    return this.#connections.size
  }

  /**
   * Listens at an address and serves whoever connects. A unix socket can be reached by its owner alone.
   * @returns the address, with the port that was free if it asked for any.
   * @throws {SocketError} if that cannot be done.
   */
  async listen(protocol: Protocol, address: SocketAddress): Promise<SocketAddress> {
    const server = createServer({ allowHalfOpen: true }, (socket) => this.#welcome(protocol, socket, address))
    if ('path' in address) await listenAtPath(server, address.path)
    else await listenAtPort(server, address.host, address.port)
    this.#servers.push(server)
    const bound = server.address()
    if ('path' in address || typeof bound !== 'object' || bound === null) return address
    const served = { ...address, port: bound.port }
    if (!isLoopback(bound.address)) {
      this.#warn(`${showSocketAddress(served)} can be reached by other computers, and ${protocol} asks for no password`)
    }
    return served
  }

  /** Connects to a client that listens, as QEMU's `-qtest unix:PATH` does. Rejects if nobody listens there. */
  async connect(protocol: Protocol, address: SocketAddress): Promise<void> {
    const socket = connect(address)
    await once(socket, 'connect')
    this.attach(protocol, socket)
  }

  /** Serves one client over any stream. */
  attach(protocol: Protocol, stream: Duplex): void {
    this.#serve(protocol, stream)
  }

  #welcome(protocol: Protocol, socket: Socket, address: SocketAddress): void {
    if (this.#connections.size < (this.#options.clientLimit ?? CLIENT_LIMIT)) {
      this.#serve(protocol, socket, 'path' in address ? undefined : new ForeignProtocol())
      return
    }
    socket.destroy()
    if (!this.#wasFull) this.#warn(`${showSocketAddress(address)}: refusing connections, ${this.clients} are open`)
    this.#wasFull = true
  }

  #warn(text: string): void {
    const onWarning = this.#options.onWarning ?? console.warn
    onWarning(text)
  }

  #serve(protocol: Protocol, stream: Duplex, foreign?: ForeignProtocol): void {
    const connection: Connection = new Connection(stream, {
      log: this.#log,
      turns: this.#turns,
      ...(foreign && { foreign }),
      beforeAnswer: () => this.#flushIfDue(),
      onClose: () => this.#forget(connection),
    })
    this.#connections.add(connection)
    if (protocol === 'qmp') this.#openQmp(connection)
    else connection.open(this.#qtestSession(connection))
    if (this.#machine.exitCode !== undefined) connection.finish()
  }

  /** Closes the sockets; every client is sent what it is still owed, if it reads it within a second. */
  async close(): Promise<void> {
    this.#finish()
    await this.ended
  }

  #openQmp(connection: Connection): void {
    const session = new QmpSession(this.#monitor, {
      send: (bytes) => {
        connection.send(bytes)
        if (session.negotiated) connection.startEvents()
      },
      close: () => this.#finish(),
      events: false,
      limits: this.#options.limits ?? REQUEST_LIMITS,
    })
    connection.open({
      take: (bytes) => void session.receive(bytes),
      end: () => session.end(),
    })
    session.start()
  }

  #qtestSession(connection: Connection): ConnectedSession {
    const { memory, onQtestLine } = this.#options
    const session = new QtestSession(this.#machine, {
      send: (bytes) => connection.send(bytes),
      close: () => this.#finish(),
      ...(memory && { memory }),
      ...(onQtestLine && { onLine: onQtestLine }),
    })
    return { take: (bytes) => session.steps(bytes), end: () => session.end() }
  }

  #keep(line: Uint8Array): void {
    if (this.#connections.size === 0) return
    if (this.#log.isFull) this.#makeRoom()
    this.#log.append(line)
    if (!this.#flushDue) {
      this.#flushDue = true
      setImmediate(() => this.#flushIfDue())
    }
  }

  /** Who has not taken what is about to be dropped is cut off. */
  #makeRoom(): void {
    for (const connection of this.#connections) connection.flush()
    this.#log.dropOldest()
    for (const connection of this.#connections) if (connection.isBehind(this.#log.start)) connection.cut()
  }

  #flushIfDue(): void {
    if (!this.#flushDue || this.#flushing) return
    this.#flushDue = false
    this.#flushing = true
    for (const connection of this.#connections) connection.flush()
    this.#flushing = false
  }

  #forget(connection: Connection): void {
    this.#connections.delete(connection)
    if (this.#connections.size > 0) return
    this.#log.clear()
    if (this.#closing) this.#onEnded()
  }

  #finish(): void {
    if (this.#closing) return
    this.#closing = true
    this.#unsubscribe()
    this.#flushIfDue()
    for (const server of this.#servers) server.close()
    for (const connection of [...this.#connections]) connection.finish()
    if (this.#connections.size === 0) this.#onEnded()
  }
}

/** Whether only this computer can reach a numeric address. */
function isLoopback(address: string): boolean {
  const plain = address.replace(/^::ffff:/i, '')
  return plain === '::1' || (isIPv4(plain) && plain.startsWith('127.'))
}

/**
 * Serves a machine's monitors at the addresses given. End it with `close()`; it ends by itself when the machine does.
 * @throws {SocketAddressError | SocketError} if an address is none, or cannot be had; then nothing is served.
 */
export async function serve(machine: Machine, options: ServeOptions = {}): Promise<MonitorServer> {
  const server = new MonitorServer(machine, options)
  try {
    for (const address of options.qmp ?? []) await server.listen('qmp', parseSocketAddress(address))
    for (const address of options.qtest ?? []) await server.listen('qtest', parseSocketAddress(address))
    return server
  } catch (error) {
    await server.close()
    throw error
  }
}
