// A machine's state as plain JSON: its shape, and the checks that keep a damaged or foreign one out.

import { checkInteger, checkOneOf, OptionTypeError } from '../common/check.js'
import { kindOf } from '../common/kind-of.js'
import type { DmaChannelState, I8257State } from '../devices/i8257.js'
import type { PvpanicCounts } from '../devices/pvpanic.js'
import { type PanicLogEntry, type PanicLogState, PVPANIC_EVENTS } from './panic-log.js'
import { RUN_STATES, type RunState } from './transitions.js'

export const STATE_FORMAT = 'isa-pvpanic machine'
export const STATE_VERSION = 1

/** Where a pvpanic device came from: the board had it, or it was added. */
export type PvpanicSource = 'builtin' | 'device'

/** A pvpanic device's part of a machine's state. */
export interface PvpanicState {
  readonly source: PvpanicSource
  readonly iobase: number
  readonly counts: Readonly<PvpanicCounts>
}

/**
 * Everything that `Machine.save()` keeps. Settings (modes, ports, version) are the embedder's: `iobase` is in it only to
 * tell on loading that it was another.
 */
export interface MachineState {
  readonly format: typeof STATE_FORMAT
  readonly version: typeof STATE_VERSION
  readonly runState: RunState
  /** null while the machine has not ended. */
  readonly exitCode: number | null
  /** Panics in a row that were answered by a reset. */
  readonly panicResets: number
  readonly dma: readonly I8257State[]
  /** The devices in the order in which they were made: the first owns the fw_cfg file. */
  readonly pvpanics: readonly PvpanicState[]
  readonly panics: PanicLogState
}

/** The run states of a machine that has an exit code. */
const ENDED = ['shutdown'] as const
const BYTE = 0xff
const WORD = 0xffff
const CONTROLLERS = 2
const CHANNELS = 4
const MOST_DEVICES = 2
const MOST_ENTRIES = 1 << 20
/** Of anything that is counted: as many again can follow before a count is no exact integer. */
const LARGEST_COUNT = 2 ** 52

/**
 * Returns `value` as a machine's state, a copy that shares nothing with it.
 * @throws {TypeError | RangeError} naming the path of the first field that is wrong, and what is allowed there.
 */
export function parseMachineState(value: unknown): MachineState {
  const state = object('state', value)
  checkOneOf('state.format', state.format, [STATE_FORMAT])
  checkInteger('state.version', state.version, STATE_VERSION, STATE_VERSION)
  const exitCode = state.exitCode === null ? null : checkInteger('state.exitCode', state.exitCode, 0, BYTE)
  return {
    format: STATE_FORMAT,
    version: STATE_VERSION,
    runState: checkOneOf('state.runState', state.runState, exitCode === null ? RUN_STATES : ENDED),
    exitCode,
    panicResets: checkInteger('state.panicResets', state.panicResets, 0, LARGEST_COUNT),
    dma: array('state.dma', state.dma, CONTROLLERS, CONTROLLERS, parseController),
    pvpanics: array('state.pvpanics', state.pvpanics, 0, MOST_DEVICES, parsePvpanic),
    panics: parseLog('state.panics', state.panics),
  }
}

function parseController(path: string, value: unknown): I8257State {
  const { flipFlop, status, mask, command, channels } = object(path, value)
  return {
    flipFlop: checkInteger(`${path}.flipFlop`, flipFlop, 0, 1) === 1 ? 1 : 0,
    status: checkInteger(`${path}.status`, status, 0, BYTE),
    mask: checkInteger(`${path}.mask`, mask, 0, BYTE),
    command: checkInteger(`${path}.command`, command, 0, BYTE),
    channels: array(`${path}.channels`, channels, CHANNELS, CHANNELS, parseChannel),
  }
}

function parseChannel(path: string, value: unknown): DmaChannelState {
  const { baseAddress, baseCount, address, position, mode, page } = object(path, value)
  return {
    baseAddress: checkInteger(`${path}.baseAddress`, baseAddress, 0, WORD),
    baseCount: checkInteger(`${path}.baseCount`, baseCount, 0, WORD),
    address: checkInteger(`${path}.address`, address, 0, 2 * WORD),
    position: checkInteger(`${path}.position`, position, 0, 2 * (WORD + 1)),
    mode: checkInteger(`${path}.mode`, mode, 0, BYTE),
    page: checkInteger(`${path}.page`, page, 0, BYTE),
  }
}

function parsePvpanic(path: string, value: unknown): PvpanicState {
  const { source, iobase, counts } = object(path, value)
  const count = object(`${path}.counts`, counts)
  const parseCount = (name: keyof PvpanicCounts) =>
    checkInteger(`${path}.counts.${name}`, count[name], 0, LARGEST_COUNT)
  return {
    source: checkOneOf(`${path}.source`, source, ['builtin', 'device']),
    iobase: checkInteger(`${path}.iobase`, iobase, 0, WORD),
    counts: {
      panicked: parseCount('panicked'),
      crashLoaded: parseCount('crashLoaded'),
      shutdown: parseCount('shutdown'),
      unknown: parseCount('unknown'),
    },
  }
}

function parseLog(path: string, value: unknown): PanicLogState {
  const { total, entries } = object(path, value)
  const parsed = array(`${path}.entries`, entries, 0, MOST_ENTRIES, parseEntry)
  return { total: checkInteger(`${path}.total`, total, parsed.length, LARGEST_COUNT), entries: parsed }
}

function parseEntry(path: string, value: unknown): PanicLogEntry {
  const { event, value: byte, time } = object(path, value)
  if (typeof time !== 'number' || !Number.isFinite(time)) {
    const got = typeof time === 'number' ? time : kindOf(time)
    throw new OptionTypeError(`${path}.time`, `expected milliseconds since 1970, got ${got}`)
  }
  return {
    event: checkOneOf(`${path}.event`, event, PVPANIC_EVENTS),
    value: checkInteger(`${path}.value`, byte, 0, BYTE),
    time,
  }
}

function object(path: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new OptionTypeError(path, `expected an object, got ${Array.isArray(value) ? 'an array' : kindOf(value)}`)
  }
  return value as Record<string, unknown>
}

function array<T>(
  path: string,
  value: unknown,
  min: number,
  max: number,
  parse: (path: string, value: unknown) => T,
): readonly T[] {
  if (!Array.isArray(value)) throw new OptionTypeError(path, `expected an array, got ${typeof value}`)
  checkInteger(`${path}.length`, value.length, min, max)
  // Not `map`, which passes over holes.
  return Array.from(value, (element: unknown, index) => parse(`${path}[${index}]`, element))
}
