// `tsx flood-clients.ts PATH COUNT`: a process of clients that send what standard input holds, again and again, and read all that comes.

import { connect } from 'node:net'
import { buffer } from 'node:stream/consumers'

const [, , paths = ''] = process.argv
const text = await buffer(process.stdin)
/** Many requests in one write, as a hostile client would send them. */
const piece = Buffer.concat(Array.from({ length: Math.max(1, Math.floor(65_536 / text.length)) }, () => text))

for (const path of paths.split(',')) {
  const socket = connect({ path })
  socket.on('data', () => {}).on('error', () => {})
  const send = () => {
    while (socket.writable && socket.write(piece)) {}
  }
  socket.on('drain', send)
  socket.once('connect', () => {
    if (path.includes('qmp')) socket.write('{"execute":"qmp_capabilities"}\n')
    send()
  })
}
