// Where a monitor is reached: a unix socket's path, or a TCP host and port.

/** A unix socket, or a TCP port; port 0 means any that is free. */
export type SocketAddress = { readonly path: string } | { readonly host: string; readonly port: number }

/** An address that cannot be one; the message says what is allowed. */
export class SocketAddressError extends Error {
  override readonly name = 'SocketAddressError'
}

const LOOPBACK = '127.0.0.1'
const LARGEST_PORT = 0xffff
/** Bytes that the operating system has for a unix socket's path, without its end mark. */
const LONGEST_PATH = 107

/**
 * Reads `unix:PATH` or `tcp:HOST:PORT`. Without a host it is the loopback interface, 127.0.0.1.
 * @throws {SocketAddressError}
 */
export function parseSocketAddress(text: string): SocketAddress {
  const [, path] = /^unix:(.+)$/s.exec(text) ?? []
  if (path !== undefined) return { path: checkPath(path) }
  const [, host = '', port = ''] = /^tcp:(\[[0-9a-fA-F:.]+\]|[^:]*):(\d{1,5})$/.exec(text) ?? []
  if (port === '' || Number(port) > LARGEST_PORT) {
    throw new SocketAddressError(
      `${JSON.stringify(text)} is no address: expected unix:PATH or tcp:HOST:PORT with a port from 0 to ${LARGEST_PORT}`,
    )
  }
  return { host: host.replace(/^\[|\]$/g, '') || LOOPBACK, port: Number(port) }
}

function checkPath(path: string): string {
  if (new TextEncoder().encode(path).length > LONGEST_PATH || path.includes('\0')) {
    throw new SocketAddressError(`unix:${path}: a socket's path can have ${LONGEST_PATH} bytes, and no NUL`)
  }
  return path
}

/** The address as `parseSocketAddress` reads it. */
export function showSocketAddress(address: SocketAddress): string {
  if ('path' in address) return `unix:${address.path}`
  return `tcp:${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`
}
