// `isa-pvpanic trace replay`: does a recording's accesses on a new machine, and compares what is read.

import type { PortAccess } from '../../bus/port-tap.js'
import { replayPortTrace } from '../../bus/port-trace.js'
import { hex } from '../../common/hex.js'
import { Machine } from '../../machine/machine.js'
import { EXIT } from '../exit-codes.js'
import type { Terminal } from '../terminal.js'
import { refusing } from '../usage-error.js'
import { count, isAmong, line, nameOf, type PortRange } from './accesses.js'

/** Index and data of the Bochs display, which has the names of no ISA device. */
const DISPLAY_PORTS: PortRange = { first: 0x1ce, last: 0x1cf }

export interface ReplayOptions {
  readonly iobase: number
  readonly events?: number
  readonly qemu?: string
  readonly ports?: readonly PortRange[]
}

/** Gives the exit code. */
export function replay(trace: Iterable<PortAccess>, { ports, ...options }: ReplayOptions, terminal: Terminal): number {
  const machine = refusing(() => new Machine({ ...options, onPanic: 'log' }))
  const mapped = machine.bus.mappings().flatMap(({ visible }) => visible.map(toRange))
  const leftOut = new PortTally()
  const atNothing = new PortTally()
  let done = 0
  const difference = replayPortTrace(trace, machine.bus, ({ port }) => {
    if (ports !== undefined && !isAmong(ports, port)) return false
    const isMapped = isAmong(mapped, port)
    // A trace of a whole PC has devices that the machine has not; what they answered says nothing of the machine's own.
    if (ports === undefined && !isMapped && (nameOf(port, options.iobase) !== '' || isAmong([DISPLAY_PORTS], port))) {
      leftOut.add(port)
      return false
    }
    if (!isMapped) atNothing.add(port)
    done++
    return true
  })
  if (difference !== undefined) {
    const { index, expected, actual } = difference
    const width = 2 * expected.width
    terminal.out(`${line(index, expected, options.iobase)}\n`)
    terminal.out(`differs: this machine gives ${hex(actual, width)}`)
    terminal.out(isAmong(mapped, expected.port) ? '\n' : `, for it has nothing at port ${hex(expected.port, 4)}\n`)
    return EXIT.unexpected
  }
  const reports = `${machine.panics.total} ${machine.panics.total === 1 ? 'report' : 'reports'} of the guest`
  terminal.out(`${count(done)} replayed, no difference; ${reports}\n`)
  if (atNothing.total > 0) {
    terminal.out(`${count(atNothing.total)} of these at ports where this machine has nothing: ${atNothing.ports()}\n`)
  }
  if (leftOut.total > 0) {
    terminal.out(`${count(leftOut.total)} left out, to devices that are not part of this machine: ${leftOut.ports()}\n`)
  }
  return EXIT.asExpected
}

/** Accesses by their ports. */
class PortTally {
  readonly #seen = new Set<number>()
  total = 0

  add(port: number): void {
    this.#seen.add(port)
    this.total++
  }

  /** The ports and runs of ports, in order. */
  ports(): string {
    const runs: { first: number; last: number }[] = []
    for (const port of [...this.#seen].sort((a, b) => a - b)) {
      const run = runs.at(-1)
      if (run?.last === port - 1) run.last = port
      else runs.push({ first: port, last: port })
    }
    return runs
      .map(({ first, last }) => (first === last ? hex(first, 4) : `${hex(first, 4)}-${hex(last, 4)}`))
      .join(', ')
  }
}

function toRange({ base, size }: { readonly base: number; readonly size: number }): PortRange {
  return { first: base, last: base + size - 1 }
}
