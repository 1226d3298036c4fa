// One request after another over the connection that QEMU makes to a unix socket.

import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'

/** QEMU ended, or closed its socket, before it answered. */
export class ConversationEnded extends Error {
  override readonly name = 'ConversationEnded'
}

/** A write found the connection closed, and what QEMU had sent before its end could not be read any more. */
export class OutputLost extends Error {
  override readonly name = 'OutputLost'
}

/** On a busy machine some cases lose theirs every other time. */
const MOST_ATTEMPTS = 40

/** Runs what starts a QEMU of its own, and another one if that one did not start, or its last output was lost. */
export async function untilHeard<Result>(run: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run()
    } catch (error) {
      const isChance = error instanceof OutputLost || error instanceof ConversationEnded
      if (!isChance || attempt === MOST_ATTEMPTS) throw error
    }
  }
}

interface Waiting<Reply> {
  resolve(reply: Reply): void
  reject(reason: Error): void
}

/** A listening unix socket and, once QEMU has called, requests and their replies in order. */
export class Conversation<Reply> {
  readonly #server: Server
  readonly #readLine: (line: string) => Reply | undefined
  readonly #waiting: Waiting<Reply>[] = []
  #socket: Socket | undefined
  #isLost = false
  /** Settles when QEMU has connected. */
  readonly connected: Promise<void>
  /** Settles when QEMU has closed its side and every line before that has been read. */
  readonly ended: Promise<void>

  private constructor(server: Server, readLine: (line: string) => Reply | undefined) {
    this.#server = server
    this.#readLine = readLine
    const calling = once(server, 'connection').then(([socket]) => this.#adopt(socket as Socket))
    this.connected = calling.then(() => {})
    this.ended = calling.then(({ closed }) => closed)
  }

  /** Listens at `path`. `readLine` gets each line without its end and returns undefined for one that is no reply. */
  static async listen<Reply>(
    path: string,
    readLine: (line: string) => Reply | undefined,
  ): Promise<Conversation<Reply>> {
    const server = createServer()
    const conversation = new Conversation(server, readLine)
    server.listen(path)
    await once(server, 'listening')
    return conversation
  }

  /** Sends `line` and gives its reply; rejects with ConversationEnded when none can come any more. */
  ask(line: string): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#socket?.writable !== true) {
        reject(this.#ending())
        return
      }
      this.#waiting.push({ resolve, reject })
      this.#socket.write(`${line}\n`)
    })
  }

  close(): void {
    this.#socket?.destroy()
    this.#server.close()
  }

  /** Node gives up reading too when a write fails. */
  #ending(): Error {
    return this.#isLost
      ? new OutputLost('QEMU ended, and its last output was lost')
      : new ConversationEnded('QEMU closed the connection')
  }

  #adopt(socket: Socket): { closed: Promise<void> } {
    this.#socket = socket
    let pending = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      const lines = (pending + chunk).split('\n')
      pending = lines.pop() ?? ''
      for (const line of lines) {
        const reply = this.#readLine(line.replace(/\r$/, ''))
        if (reply !== undefined) this.#waiting.shift()?.resolve(reply)
      }
    })
    // A reset connection is one of the ways in which QEMU ends; 'close' follows.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#isLost ||= error.syscall === 'write'
    })
    const closed = new Promise<void>((resolve) => {
      socket.on('close', () => {
        for (const { reject } of this.#waiting.splice(0)) reject(this.#ending())
        resolve()
      })
    })
    return { closed }
  }
}
