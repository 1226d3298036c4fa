// `isa-pvpanic trace print`: a recording as text, one access a line.

import type { PortAccess } from '../../bus/port-tap.js'
import { EXIT } from '../exit-codes.js'
import type { Terminal } from '../terminal.js'
import { isAmong, line, type PortRange } from './accesses.js'

/** Characters of output that are gathered before they are written. */
const OUTPUT_PIECE = 0x10000

/** Prints until the end, or until nobody reads any more. */
export async function print(
  trace: Iterable<PortAccess>,
  { iobase, ports }: { iobase: number; ports?: readonly PortRange[] },
  terminal: Terminal,
): Promise<number> {
  let lines = ''
  let index = 0
  const flush = () => {
    terminal.out(lines)
    lines = ''
  }
  try {
    for (const access of trace) {
      if (ports === undefined || isAmong(ports, access.port)) lines += `${line(index, access, iobase)}\n`
      if (lines.length >= OUTPUT_PIECE) {
        flush()
        if (!(await terminal.flushed())) break
      }
      index++
    }
  } finally {
    // What a damaged file holds before the damage is worth seeing.
    flush()
  }
  return EXIT.asExpected
}
