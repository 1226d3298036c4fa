// An access to a bus whose width is a value: one, two or four bytes.

import type { IoPortBus } from './io-port-bus.js'

/** Bytes of an access. */
export type PortWidth = 1 | 2 | 4

/** Reads a port with `inb`, `inw` or `inl`. */
export function readPort(bus: IoPortBus, port: number, width: PortWidth): number {
  if (width === 1) return bus.inb(port)
  return width === 2 ? bus.inw(port) : bus.inl(port)
}

/** Writes a port with `outb`, `outw` or `outl`. */
export function writePort(bus: IoPortBus, port: number, width: PortWidth, value: number): void {
  if (width === 1) bus.outb(port, value)
  else if (width === 2) bus.outw(port, value)
  else bus.outl(port, value)
}
