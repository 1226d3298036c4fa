// Port accesses as text, and the ports that a user names.

import { InvalidArgumentError } from 'commander'
import type { PortAccess } from '../../bus/port-tap.js'
import { hex } from '../../common/hex.js'
import { pcPortName } from '../../machine/pc-ports.js'
import { parsePort } from '../option-values.js'

/** A run of ports, the last one included. */
export interface PortRange {
  readonly first: number
  readonly last: number
}

export const count = (accesses: number): string => `${accesses} ${accesses === 1 ? 'access' : 'accesses'}`

/** Number, direction with width, port, value, name. */
export function line(index: number, { port, width, write, value }: PortAccess, iobase: number): string {
  const suffix = { 1: 'b', 2: 'w', 4: 'l' }[width]
  const moved = hex(value, 2 * width).padEnd(10)
  const instruction = `${write ? 'out' : 'in'}${suffix}`.padEnd(4)
  const text = `${String(index).padStart(8)}  ${instruction}  ${hex(port, 4)} ${write ? '<-' : '->'} ${moved}`
  return `${text}  ${nameOf(port, iobase)}`.trimEnd()
}

/** What answers at a port: the pvpanic device lies above a PC's own. '' if that is not known. */
export function nameOf(port: number, iobase: number): string {
  return port === iobase ? 'pvpanic' : pcPortName(port)
}

/** Parses `0x0-0xf,0x505`. */
export function parsePorts(list: string): PortRange[] {
  return list.split(',').map((part) => {
    const [first = '', last = first, ...more] = part.split('-')
    const range = { first: parsePort(first), last: parsePort(last) }
    if (more.length > 0 || range.last < range.first) {
      throw new InvalidArgumentError('Expected ports and ranges of ports, such as 0x0-0xf,0x505.')
    }
    return range
  })
}

export function isAmong(ranges: readonly PortRange[], port: number): boolean {
  return ranges.some(({ first, last }) => first <= port && port <= last)
}
