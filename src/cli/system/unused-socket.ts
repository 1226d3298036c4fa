// A `-chardev` that no monitor uses: QEMU opens it all the same, and says nothing there.

import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { listenAtPath, listenAtPort } from '../../monitor/server/unix-socket.js'
import type { SocketAddress } from '../../qemu-options/socket-address.js'

/** Opens the socket, and closes it when `ended` settles. Rejects if it cannot be opened. */
export async function openUnusedSocket(
  kind: 'listen' | 'connect',
  address: SocketAddress,
  ended: Promise<void>,
): Promise<void> {
  const sockets = new Set<Socket>()
  const hold = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    socket.resume()
  }
  const server = createServer(hold)
  if (kind === 'connect') {
    const socket = connect(address)
    await once(socket, 'connect')
    hold(socket)
  } else if ('path' in address) await listenAtPath(server, address.path)
  else await listenAtPort(server, address.host, address.port)
  void ended.then(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
}
