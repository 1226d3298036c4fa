// `-device isa-debug-exit`: the device by which a test ends the machine, as QEMU's command line takes it.

import { hex } from '../common/hex.js'
import { DEBUG_EXIT_DEFAULT_IOBASE, DEBUG_EXIT_PORTS } from '../devices/debug-exit.js'
import { parseDevice, parseUnsigned } from './device.js'
import { HelpRequest, OptionError } from './keyval.js'

export const DEBUG_EXIT = 'isa-debug-exit'

const HELP = [
  `${DEBUG_EXIT} options:`,
  `  iobase=<uint32>        -  (default: ${DEBUG_EXIT_DEFAULT_IOBASE})`,
  `  iosize=<uint32>        -  (default: ${DEBUG_EXIT_PORTS})`,
  '',
].join('\n')

const LARGEST_IOBASE = 0xffff - DEBUG_EXIT_PORTS + 1

/**
 * Reads the argument of a `-device` that names this device.
 * @returns its port.
 * @throws {OptionError | HelpRequest}
 */
export function parseDebugExit(argument: string, wantsHelp: boolean): number {
  if (wantsHelp) throw new HelpRequest(HELP, 0)
  const { properties, isJson } = parseDevice(argument, 0, () => {}, { driver: DEBUG_EXIT, portProperties: [] })
  const numbers = { iobase: DEBUG_EXIT_DEFAULT_IOBASE, iosize: DEBUG_EXIT_PORTS }
  for (const [name, value] of properties) {
    if (name !== 'iobase' && name !== 'iosize') throw new OptionError(`Property '${DEBUG_EXIT}.${name}' not found`)
    const number = isJson ? value : parseUnsigned(String(value))
    if (typeof number !== 'bigint') {
      throw new OptionError(`Parameter '${name}' expects ${isJson ? 'uint64' : 'integer'}`)
    }
    if (BigInt.asUintN(32, number) !== number) throw new OptionError(`Parameter '${name}' expects uint32_t`)
    numbers[name] = Number(number)
  }
  if (numbers.iosize !== DEBUG_EXIT_PORTS) throw new OptionError(`only iosize=${DEBUG_EXIT_PORTS} is supported here`)
  if (numbers.iobase > LARGEST_IOBASE) {
    throw new OptionError(`iobase must be at most ${hex(LARGEST_IOBASE)} here`)
  }
  return numbers.iobase
}
