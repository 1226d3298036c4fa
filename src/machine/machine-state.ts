// A machine's state as plain JSON: its shape, and the checks that keep a damaged or foreign one out.

import { PORT_COUNT } from '../bus/port-map.js'
import { checkInteger, checkOneOf } from '../common/check.js'
import { readArray, readCount, readObject } from '../common/plain-data.js'
import { I8257_PRIMARY, I8257_SECONDARY, type I8257State, parseI8257State } from '../devices/i8257.js'
import { type PvpanicDeviceState, parsePvpanicDeviceState } from '../devices/pvpanic.js'
import { type PanicLogState, parsePanicLogState } from './panic-log.js'
import { RUN_STATES, type RunState } from './transitions.js'

export const STATE_FORMAT = 'isa-pvpanic machine'
export const STATE_VERSION = 1

/** Where a pvpanic device came from: the board had it, or it was added. */
export type PvpanicSource = 'builtin' | 'device'

/** A pvpanic device's part of a machine's state. */
export interface PvpanicState extends PvpanicDeviceState {
  readonly source: PvpanicSource
  readonly iobase: number
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
  /** The exit code that isa-debug-exit asked for last, null if it did not. */
  readonly debugExitCode: number | null
  readonly dma: readonly I8257State[]
  /** The devices in the order in which they were made: the first owns the fw_cfg file. */
  readonly pvpanics: readonly PvpanicState[]
  readonly panics: PanicLogState
}

/** The run states of a machine that has an exit code. */
const ENDED = ['shutdown'] as const
const MOST_DEVICES = 1 << 10

/**
 * Returns `value` as a machine's state, a copy that shares nothing with it.
 * @throws {TypeError | RangeError} naming the path of the first field that is wrong, and what is allowed there.
 */
export function parseMachineState(value: unknown): MachineState {
  const state = readObject('state', value)
  checkOneOf('state.format', state.format, [STATE_FORMAT])
  checkInteger('state.version', state.version, STATE_VERSION, STATE_VERSION)
  const exitCode = readExitCode('state.exitCode', state.exitCode)
  return {
    format: STATE_FORMAT,
    version: STATE_VERSION,
    runState: checkOneOf('state.runState', state.runState, exitCode === null ? RUN_STATES : ENDED),
    exitCode,
    panicResets: readCount('state.panicResets', state.panicResets),
    debugExitCode: readExitCode('state.debugExitCode', state.debugExitCode),
    dma: readArray('state.dma', state.dma, 2, 2, (path, controller, index) =>
      parseI8257State(path, controller, index === 0 ? I8257_PRIMARY : I8257_SECONDARY),
    ),
    pvpanics: readArray('state.pvpanics', state.pvpanics, 0, MOST_DEVICES, parsePvpanic),
    panics: parsePanicLogState('state.panics', state.panics),
  }
}

function readExitCode(path: string, value: unknown): number | null {
  return value === null ? null : checkInteger(path, value, 0, 0xff)
}

function parsePvpanic(path: string, value: unknown): PvpanicState {
  const { source, iobase, ...device } = readObject(path, value)
  return {
    source: checkOneOf(`${path}.source`, source, ['builtin', 'device']),
    iobase: checkInteger(`${path}.iobase`, iobase, 0, PORT_COUNT - 1),
    ...parsePvpanicDeviceState(path, device),
  }
}
