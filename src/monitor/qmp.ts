// The entry point for QMP sessions: bytes in, bytes out, for any transport.

export { type JsonLimits, QEMU_JSON_LIMITS } from './json-reader.js'
export { QmpError, type QmpErrorClass } from './qmp-error.js'
export { QmpEvents } from './qmp-events.js'
export { QmpMonitor, type QmpMonitorOptions, type QmpVersion } from './qmp-monitor.js'
export { QmpSession, type QmpSessionOptions } from './qmp-session.js'
