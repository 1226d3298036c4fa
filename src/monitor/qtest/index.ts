// The entry point for qtest sessions: bytes in, bytes out, for any transport.

export { GuestMemory } from './guest-memory.js'
export { QtestSession, type QtestSessionOptions } from './session.js'
