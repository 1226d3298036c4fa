// Where a monitor or qtest listens or connects, in QEMU's two syntaxes: `unix:PATH,server=on` and `-chardev socket,...`.

import { isIdentifier, NO_IDENTIFIER } from './identifier.js'
import { checkNames, type KeyValues, OptionError, parseKeyValues, readOnOff, type Warn } from './keyval.js'
import { parseSocketAddress, type SocketAddress, SocketAddressError } from './socket-address.js'

/** The other end of a conversation: a socket to listen at or to connect to, or standard input and output. */
export type CharacterDevice =
  | { readonly kind: 'listen' | 'connect'; readonly address: SocketAddress; readonly text: string } // as written
  | { readonly kind: 'stdio'; readonly text: string }

const SOCKET_MEMBERS = ['server', 'wait', 'nodelay', 'reconnect', 'delay']

/** Reads the argument of `-qmp` or `-qtest`. @throws {OptionError} */
export function parseCharacterDevice(argument: string, warn: Warn): CharacterDevice {
  if (argument === 'stdio') return { kind: 'stdio', text: 'stdio' }
  const [, protocol, rest = ''] = /^(unix|tcp):(.*)$/s.exec(argument) ?? []
  if (protocol === undefined) throw new OptionError(`'${argument.split(':')[0]}' is not a valid char driver`)
  const values = parseKeyValues(rest, 'address', warn)
  checkNames(values, ['address', ...SOCKET_MEMBERS])
  return socket(`${protocol}:${values.get('address') ?? ''}`, argument, values)
}

/** Reads the argument of `-chardev`. @throws {OptionError} */
export function parseSocketChardev(
  argument: string,
  warn: Warn,
): { readonly id: string; readonly device: CharacterDevice } {
  const values = parseKeyValues(argument, 'backend', warn)
  const id = values.get('id')
  if (id !== undefined && !isIdentifier(id)) throw new OptionError(NO_IDENTIFIER)
  if (id === undefined) throw new OptionError('chardev: no id specified')
  const backend = values.get('backend') ?? ''
  if (backend === 'stdio') return { id, device: { kind: 'stdio', text: 'stdio' } }
  if (backend !== 'socket') throw new OptionError(`'${backend}' is not a valid char driver name`)
  checkNames(values, ['backend', 'id', 'path', 'host', 'port', ...SOCKET_MEMBERS])
  const path = values.get('path')
  const port = values.get('port')
  if (path === undefined && port === undefined) throw new OptionError('a socket needs a path, or a host and a port')
  const address = path === undefined ? `tcp:${values.get('host') ?? ''}:${port}` : `unix:${path}`
  return { id, device: socket(address, argument, values) }
}

function socket(address: string, text: string, values: KeyValues): CharacterDevice {
  const isServer = readOnOff(values, 'server')
  readOnOff(values, 'wait')
  try {
    return { kind: isServer ? 'listen' : 'connect', address: parseSocketAddress(address), text }
  } catch (error) {
    if (!(error instanceof SocketAddressError)) throw error
    throw new OptionError(error.message)
  }
}
