// Carries out a qtest line's port access on our bus and answers as QEMU does.

import type { IoPortBus } from '../../src/bus/io-port-bus.js'

const ACCESS = /^(?<operation>in[bwl]|out[bwl]) (?<port>\S+)(?: (?<value>\S+))?$/

/** Performs `line` ("inw 0x505", "outb 0x505 0x1") on `bus`; gives the reply line. */
export function accessPort(bus: IoPortBus, line: string): string {
  const { operation, port = '', value = '' } = ACCESS.exec(line)?.groups ?? {}
  switch (operation) {
    case 'inb':
      return okValue(bus.inb(cNumber(port)))
    case 'inw':
      return okValue(bus.inw(cNumber(port)))
    case 'inl':
      return okValue(bus.inl(cNumber(port)))
    case 'outb':
      bus.outb(cNumber(port), cNumber(value))
      return 'OK'
    case 'outw':
      bus.outw(cNumber(port), cNumber(value))
      return 'OK'
    case 'outl':
      bus.outl(cNumber(port), cNumber(value))
      return 'OK'
    default:
      throw new Error(`"${line}" is no port access`)
  }
}

function okValue(value: number): string {
  return `OK 0x${value.toString(16).padStart(4, '0')}`
}

/** A number as C's strtoul reads it with base 0: 0x is hexadecimal, a leading 0 octal, a minus sign is allowed. */
export function cNumber(text: string): number {
  const [, sign, octal, other] = /^(-?)(?:0([0-7]+)|(.+))$/.exec(text) ?? []
  const magnitude = octal === undefined ? Number(other) : Number.parseInt(octal, 8)
  if (!Number.isSafeInteger(magnitude)) throw new Error(`"${text}" is no number`)
  return sign === '-' ? -magnitude : magnitude
}
