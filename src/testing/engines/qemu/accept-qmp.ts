// Listens at a unix socket for the one QEMU that was told to connect there, and speaks QMP with it.

import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { QmpClient, type QmpClientEvent } from '../../../monitor/server/qmp-client.js'

/** A guest that keeps its host busy lets QEMU answer late. */
const ANSWER_TIMEOUT_MS = 30_000

/** A socket at which QEMU has not called yet. */
export class QmpSocket {
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  /** @param path where nothing is yet, at most about 100 bytes. */
  static async listen(path: string): Promise<QmpSocket> {
    const server = createServer()
    server.listen(path)
    await once(server, 'listening')
    return new QmpSocket(server)
  }

  /**
   * Waits for QEMU and negotiates. `onEvent` hears each event before the answers that follow it are given.
   * @throws {QmpConnectionError} if QEMU hangs up.
   */
  async accept(onEvent: (event: QmpClientEvent) => void): Promise<QmpClient> {
    const [socket] = (await once(this.#server, 'connection')) as [Socket]
    socket.unref()
    return QmpClient.over(socket, { timeoutMs: ANSWER_TIMEOUT_MS, onEvent })
  }

  /** Takes no more calls, and takes the socket away. */
  close(): void {
    this.#server.close()
  }
}
