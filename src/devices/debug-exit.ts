// QEMU's isa-debug-exit: a guest's write ends the whole machine with an exit code, as kernel tests like it.

import type { PortDevice } from '../bus/port-device.js'
import { PORT_COUNT } from '../bus/port-map.js'
import { checkInteger } from '../common/check.js'

/** QEMU's port for it; 0xf4 is what many kernels' test runners choose instead. */
export const DEBUG_EXIT_DEFAULT_IOBASE = 0x501

/** How many ports QEMU gives it unless told otherwise. */
export const DEBUG_EXIT_PORTS = 2

/** Where an isa-debug-exit device is. */
export interface DebugExitPlace {
  /** Its first port, 0..0xffff. */
  readonly iobase: number
  /** How many ports it has; 2 unless given. */
  readonly iosize?: number
}

/**
 * The places of one device, given by its port, or of several.
 * @throws {OptionRangeError | OptionTypeError} naming `debugExit`, if one does not lie within the ports 0 to 0xffff.
 */
export function debugExitPlaces(debugExit: number | readonly DebugExitPlace[] = []): Required<DebugExitPlace>[] {
  const places = typeof debugExit === 'number' ? [{ iobase: debugExit }] : debugExit
  return places.map(({ iobase, iosize = DEBUG_EXIT_PORTS }: DebugExitPlace) => ({
    iobase: checkInteger('debugExit', iobase, 0, PORT_COUNT - iosize),
    iosize: checkInteger('debugExit', iosize, 1, PORT_COUNT),
  }))
}

/**
 * A write of `v`, of any width, ends the machine with exit code `(v << 1) | 1`, which is never 0. Reads give 0.
 * As an operating system keeps only the low byte of an exit code, so does this device.
 */
export class DebugExit implements PortDevice {
  readonly name = 'isa-debug-exit'
  readonly #onExit: (exitCode: number) => void

  /** @param onExit told of the exit code, 1..0xff and odd. */
  constructor(onExit: (exitCode: number) => void) {
    this.#onExit = onExit
  }

  read8(_offset: number): number {
    return 0
  }

  write8(_offset: number, value: number): void {
    this.#onExit(((value << 1) | 1) & 0xff)
  }

  write16(offset: number, value: number): void {
    this.write8(offset, value)
  }

  write32(offset: number, value: number): void {
    this.write8(offset, value)
  }
}
