// Makes a unix socket that only its owner can reach, and never removes what is not a stale socket.

import { chmodSync, existsSync, lstatSync, unlinkSync } from 'node:fs'
import { connect, type Server } from 'node:net'
import { dirname } from 'node:path'

/** A socket that cannot be made; the message says why. */
export class SocketError extends Error {
  override readonly name = 'SocketError'

  /** @param code the operating system's name for the error, if it is one of its own. */
  constructor(
    message: string,
    readonly code?: string,
  ) {
    super(message)
  }
}

const OWNER_ONLY = 0o600
const MASK = 0o177
/** Clients that may be about to connect at one time; beyond it the operating system refuses them. */
const BACKLOG = 4096

/**
 * Listens at `path` with mode 0600. A socket that nobody serves any more is replaced.
 * @throws {SocketError} if a program serves there, or the path is something other than a socket.
 */
export async function listenAtPath(server: Server, path: string): Promise<void> {
  // Node calls it EACCES when the folder is missing.
  if (!existsSync(dirname(path))) throw new SocketError(`${path}: there is no such folder`, 'ENOENT')
  const existing = lstatSync(path, { throwIfNoEntry: false })
  if (existing !== undefined) {
    if (!existing.isSocket()) throw new SocketError(`${path} exists and is no socket; it is left as it is`)
    await checkStale(path)
    unlinkSync(path)
  }
  await listening(server, () => {
    // The socket comes into being within this call, so it never has another mode.
    const before = setMask(MASK)
    server.listen({ path, backlog: BACKLOG })
    setMask(before)
  })
  chmodSync(path, OWNER_ONLY)
}

/** Listens at a TCP port. @throws {SocketError} */
export async function listenAtPort(server: Server, host: string, port: number): Promise<void> {
  await listening(server, () => server.listen({ host, port, backlog: BACKLOG }))
}

async function listening(server: Server, listen: () => void): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => reject(new SocketError(error.message, error.code))
    server.once('error', fail)
    server.once('listening', () => {
      server.off('error', fail)
      resolve()
    })
    listen()
  })
}

function setMask(mask: number | undefined): number | undefined {
  if (mask === undefined) return undefined
  try {
    return process.umask(mask)
  } catch {
    return undefined // a worker thread has no mask of its own; the mode is set right after
  }
}

/**
 * The operating system refuses a connection to a socket only if no program has it open for listening. Any other failure
 * can mean a live one: of another kind, with a full queue, or with another owner.
 */
async function checkStale(path: string): Promise<void> {
  const failure = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    const socket = connect({ path })
    socket.once('connect', () => {
      socket.destroy()
      resolve(undefined)
    })
    socket.once('error', resolve)
  })
  if (failure === undefined) throw new SocketError(`${path}: another program listens there`)
  if (failure.code !== 'ECONNREFUSED') {
    throw new SocketError(`${path}: another program may use this socket (${failure.code}); it is left as it is`)
  }
}
