// The port of a pvpanic device, and the fw_cfg file by which firmware learns of it.

import { checkInteger, OptionRangeError } from '../common/check.js'
import type { Machine } from '../machine/machine.js'
import { littleEndian } from './aml.js'

/** The machine that has the device (its first one, if there are two), or the device's port, 0..0xffff. */
export type PvpanicTarget = number | Pick<Machine, 'pvpanics'>

/** A file for the firmware configuration device (fw_cfg) of an emulator. */
export interface FwCfgFile {
  /** Path, at most 55 characters. */
  readonly name: string
  readonly data: Uint8Array
}

/** @throws {RangeError | TypeError} if it is no port, or the machine has no pvpanic device. */
export function pvpanicPort(target: PvpanicTarget): number {
  if (typeof target === 'number') return checkInteger('port', target, 0, 0xffff)
  const [first] = target.pvpanics
  if (first === undefined)
    throw new OptionRangeError('machine', 'expected one with a pvpanic device, this one has none')
  return first.iobase
}

/**
 * `etc/pvpanic-port`: the port, 16 bits, low byte first. SeaBIOS before 1.17 puts the device into its ACPI tables when
 * it finds this file; without it operating systems do not see the device.
 * @throws {RangeError | TypeError} if it is no port, or the machine has no pvpanic device.
 */
export function pvpanicPortFile(target: PvpanicTarget): FwCfgFile {
  return { name: 'etc/pvpanic-port', data: littleEndian(pvpanicPort(target), 2) }
}
