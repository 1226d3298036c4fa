// Listens to a bus from outside: while a tap is on, every access passes by a listener; while none is, nothing is checked.

import type { IoPortBus } from './io-port-bus.js'

/** One access, as the guest made it: before the bus splits it. */
export interface PortAccess {
  readonly port: number
  /** Bytes. */
  readonly width: 1 | 2 | 4
  readonly write: boolean
  /** What was written or read, unsigned. */
  readonly value: number
}

const READS = { inb: 1, inw: 2, inl: 4 } as const
const WRITES = { outb: 1, outw: 2, outl: 4 } as const
const MASKS = { 1: 0xff, 2: 0xffff, 4: 0xffffffff } as const

/**
 * Calls `listener` at each access to `bus`: before a write takes effect, after a read has its value. A block of `insb` or
 * `outsb` is told byte by byte. Taps nest; take them off in the opposite order.
 * @returns what takes the tap off.
 */
export function tapPorts(bus: IoPortBus, listener: (access: PortAccess) => void): () => void {
  const before = Object.getOwnPropertyDescriptors(bus)
  for (const [name, width] of Object.entries(READS) as [keyof typeof READS, 1 | 2 | 4][]) {
    const read = bus[name]
    bus[name] = (port) => {
      const value = read.call(bus, port)
      listener({ port: port & 0xffff, width, write: false, value })
      return value
    }
  }
  for (const [name, width] of Object.entries(WRITES) as [keyof typeof WRITES, 1 | 2 | 4][]) {
    const write = bus[name]
    bus[name] = (port, value) => {
      listener({ port: port & 0xffff, width, write: true, value: (value & MASKS[width]) >>> 0 })
      write.call(bus, port, value)
    }
  }
  bus.insb = (port, into) => {
    for (let i = 0; i < into.length; i++) into[i] = bus.inb(port)
  }
  bus.outsb = (port, from) => {
    for (const value of from) bus.outb(port, value)
  }
  return () => {
    // The last one added goes first: so V8 gives the bus its old shape back, and accesses are as fast as before the tap.
    for (const name of ['outsb', 'insb', 'outl', 'outw', 'outb', 'inl', 'inw', 'inb'] as const) {
      const own = before[name]
      if (own === undefined) Reflect.deleteProperty(bus, name)
      else Object.defineProperty(bus, name, own)
    }
  }
}
