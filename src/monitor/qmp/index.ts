// The entry point for QMP sessions: bytes in, bytes out, for any transport.

export { type JsonLimits, QEMU_JSON_LIMITS } from '../../json/reader.js'
export { QmpError, type QmpErrorClass } from './error.js'
export { QmpEvents } from './events.js'
export { QmpMonitor, type QmpMonitorOptions } from './monitor.js'
export { QmpSession, type QmpSessionOptions } from './session.js'
export type { QmpVersion } from './version.js'
