// The values that the command line's options take, and what is said of wrong ones.

import { InvalidArgumentError, Option } from 'commander'
import { hex } from '../common/hex.js'
import { messageOf } from '../common/message-of.js'
import { PVPANIC_DEFAULT_IOBASE } from '../devices/pvpanic.js'
import type { PanicMode } from '../machine/transitions.js'
import { parseSocketAddress, type SocketAddress } from '../qemu-options/socket-address.js'

export const PANIC_MODES: readonly PanicMode[] = ['preserve', 'destroy', 'reset', 'log']

/** A decimal or 0x-hexadecimal integer from 0 to `max`. */
function parseInteger(text: string, max: number, what: string): number {
  const value = /^(0x[0-9a-f]{1,8}|\d{1,10})$/i.test(text) ? Number(text) : Number.NaN
  if (!(value <= max)) throw new InvalidArgumentError(`Expected ${what}, 0 to ${hex(max)}.`)
  return value
}

/** An I/O port. */
export const parsePort = (text: string): number => parseInteger(text, 0xffff, 'a port such as 0x505 or 1285')

/** `--iobase`, with the default that every machine has. */
export function iobaseOption(): Option {
  return new Option('--iobase <port>', 'port of the pvpanic device')
    .argParser(parsePort)
    .default(PVPANIC_DEFAULT_IOBASE, hex(PVPANIC_DEFAULT_IOBASE))
}

/** `--on-panic`. */
export function onPanicOption(): Option {
  return new Option('--on-panic <mode>', 'what to do when the guest panics').choices(PANIC_MODES).default('preserve')
}

/** What a read of the pvpanic port shows. */
export const parseEvents = (text: string): number => parseInteger(text, 0xff, 'a mask of events such as 3 or 0x07')

/** A count of things. */
export const parseCount = (text: string): number => parseInteger(text, 0xffffffff, 'a number')

/** An exit code of a process. */
export function parseExitCode(text: string): number {
  if (!/^\d{1,3}$/.test(text) || Number(text) > 255) throw new InvalidArgumentError('Expected an exit code, 0 to 255.')
  return Number(text)
}

/** A regular expression, in which ^ and $ are those of a line. */
export function parsePattern(text: string): RegExp {
  try {
    return new RegExp(text, 'm')
  } catch (error) {
    throw new InvalidArgumentError(messageOf(error))
  }
}

/** An option that can be given any number of times. */
export function repeated<Value>(parse: (text: string) => Value) {
  return (text: string, before: readonly Value[] = []): readonly Value[] => [...before, parse(text)]
}

/** Milliseconds from `60s`, `500ms`, `2m`, or seconds without a unit. */
export function parseDuration(text: string): number {
  const [, amount = '', unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(text) ?? []
  const milliseconds = Math.round(Number(amount) * { ms: 1, s: 1000, m: 60_000 }[unit as 'ms' | 's' | 'm'])
  if (amount === '' || milliseconds < 1 || milliseconds > 0x7fffffff) {
    throw new InvalidArgumentError('Expected a duration such as 60s, 500ms or 2m, up to 24 days.')
  }
  return milliseconds
}

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 }

/** Reads bytes from `128M`, `2G`, `512K`, or bytes without a unit, up to as many as `most` says. */
export function sizeUpTo(most: string): (text: string) => number {
  return (text) => {
    const bytes = bytesIn(text)
    if (!(bytes >= 1 && bytes <= bytesIn(most))) {
      throw new InvalidArgumentError(`Expected a size such as 128M, up to ${most}.`)
    }
    return bytes
  }
}

/** NaN if the text is no size. */
function bytesIn(text: string): number {
  const [, amount = 'none', unit = ''] = /^(\d{1,10})([KMGT]?)$/i.exec(text) ?? []
  return Number(amount) * (UNITS[unit.toUpperCase()] ?? Number.NaN)
}

/** Reads `unix:PATH` or `tcp:HOST:PORT`. */
export function parseAddress(text: string): SocketAddress {
  try {
    return parseSocketAddress(text)
  } catch (error) {
    throw new InvalidArgumentError(messageOf(error))
  }
}
