// The QMP connection to a QEMU that was just started: commands and their answers in order, events as they come.

import { createServer, type Server, type Socket } from 'node:net'
import { MachineError } from '../machine/machine-error.js'

/** An event as QEMU sends it. */
export interface QemuEvent {
  readonly event: string
  readonly data?: Readonly<Record<string, unknown>>
  readonly timestamp: { readonly seconds: number; readonly microseconds: number }
}

/** QEMU has ended, or closed the connection, before it answered. */
export class QemuGone extends Error {
  override readonly name = 'QemuGone'
}

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (reason: Error) => void
}

/** A line from a QEMU in its right mind is far shorter. */
const LONGEST_LINE = 1 << 20

/** Listens at a path to which QEMU connects, and speaks QMP there. */
export class QemuLink {
  readonly #server: Server
  readonly #onEvent: (event: QemuEvent) => void
  readonly #waiting: Waiting[] = []
  #socket: Socket | undefined
  #pending = ''
  #greeted: () => void = () => {}

  private constructor(server: Server, onEvent: (event: QemuEvent) => void) {
    this.#server = server
    this.#onEvent = onEvent
  }

  /** @param onEvent called with each event, before the answers that follow it are given. It may not throw. */
  static listen(path: string, onEvent: (event: QemuEvent) => void): Promise<QemuLink> {
    return new Promise((resolve, reject) => {
      const server = createServer()
      server.once('error', reject)
      server.listen(path, () => resolve(new QemuLink(server, onEvent)))
    })
  }

  /** Waits for QEMU to connect, and negotiates. */
  async connect(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#greeted = resolve
      this.#server.once('connection', (socket) => this.#adopt(socket))
    })
    await this.execute('qmp_capabilities')
  }

  /**
   * @throws {MachineError} with QEMU's words if it refuses; {QemuGone} if it can answer no more.
   */
  execute(command: string, args?: Readonly<Record<string, unknown>>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#socket?.writable !== true) {
        reject(new QemuGone(`${command}: QEMU is not connected`))
        return
      }
      this.#waiting.push({ resolve, reject })
      this.#socket.write(`${JSON.stringify({ execute: command, ...(args && { arguments: args }) })}\n`)
    })
  }

  close(): void {
    this.#socket?.destroy()
    this.#server.close()
  }

  #adopt(socket: Socket): void {
    this.#socket = socket
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => this.#read(chunk))
    // A connection that is reset is one of the ways in which QEMU ends; 'close' follows.
    socket.on('error', () => {})
    socket.on('close', () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new QemuGone('QEMU closed the connection'))
    })
  }

  #read(chunk: string): void {
    const lines = (this.#pending + chunk).split('\n')
    this.#pending = lines.pop() ?? ''
    for (const line of lines) this.#take(JSON.parse(line))
    if (this.#pending.length > LONGEST_LINE) this.#socket?.destroy(new Error('a line of QMP without end'))
  }

  #take(message: unknown): void {
    if (typeof message !== 'object' || message === null) return
    if ('QMP' in message) this.#greeted()
    else if ('event' in message) this.#onEvent(message as QemuEvent)
    else if ('return' in message) this.#waiting.shift()?.resolve(message.return)
    else if ('error' in message) this.#waiting.shift()?.reject(refusal(message.error))
  }
}

function refusal(error: unknown): MachineError {
  const { desc } = error as { desc?: unknown }
  return new MachineError(String(desc))
}
