// The entry point for sockets: a machine behind QMP and qtest, and a client for QMP. Node only.

export {
  parseSocketAddress,
  type SocketAddress,
  SocketAddressError,
  showSocketAddress,
} from '../../qemu-options/socket-address.js'
export { QmpError } from '../qmp/error.js'
export { QmpClient, type QmpClientEvent, type QmpClientOptions, QmpConnectionError } from './qmp-client.js'
export { MonitorServer, type MonitorServerOptions, type Protocol, type ServeOptions, serve } from './serve.js'
export { SocketError } from './unix-socket.js'
