// `isa-pvpanic trace`: records the port accesses of a guest, prints such a recording, and replays it on a new machine.

import { Command, InvalidArgumentError, Option } from 'commander'
import type { PortAccess } from '../../bus/port-tap.js'
import { recordPortTrace, replayPortTrace } from '../../bus/port-trace.js'
import { hex } from '../../common/hex.js'
import { showSize } from '../../common/size.js'
import { Machine } from '../../machine/machine.js'
import { pcPortName } from '../../machine/pc-ports.js'
import { bootGuest } from '../../testing/boot-guest.js'
import type { Guest } from '../../testing/guest.js'
import { GuestError } from '../../testing/waiters.js'
import { quitOnSignals } from '../end-signals.js'
import { EXIT } from '../exit-codes.js'
import { iobaseOption, parseDuration, parseEvents, parsePort, sizeUpTo } from '../option-values.js'
import type { Terminal } from '../terminal.js'
import { refusing } from '../usage-error.js'
import { checkWritable } from '../user-files.js'
import { withTrace, writeTrace } from './trace-file.js'

/** Characters of output that are gathered before they are written. */
const OUTPUT_PIECE = 0x10000
/** Of a recording: 32 million accesses. */
const DEFAULT_LIMIT = 256 * 2 ** 20
/** Index and data of the Bochs display, which has the names of no ISA device. */
const DISPLAY_PORTS: PortRange = { first: 0x1ce, last: 0x1cf }

interface DeviceOptions {
  readonly iobase: number
  readonly events?: number
  readonly qemu?: string
}

interface RecordOptions extends DeviceOptions {
  readonly bios?: string
  readonly memory?: number
  readonly timeout: number
  /** Bytes. */
  readonly limit: number
}

interface PortRange {
  readonly first: number
  readonly last: number
}

/** @param finish told of the exit code. */
export function traceCommand(terminal: Terminal, finish: (exitCode: number) => void): Command {
  const trace = new Command('trace').description('record, print and replay the port accesses of a guest')
  const events = new Option('--events <mask>', 'what a read of that port shows').argParser(parseEvents)
  const qemu = new Option('--qemu <version>', 'behave like this QEMU version, such as 7.2 (default: the newest)')
  const ports = new Option('--ports <list>', 'these ports only, such as 0x0-0xf,0x505').argParser(parsePorts)

  trace
    .command('record <file>')
    .description("boot a guest and record all accesses to the machine's devices until it reports or ends")
    .option('--bios <file>', 'firmware or ROM image (default: the built-in guest)')
    .option('--memory <size>', 'guest memory, such as 128M (default: 1M)', sizeUpTo('2047M'))
    .addOption(new Option('--timeout <time>', 'end after this long').argParser(parseDuration).default(60_000, '60s'))
    .addOption(
      new Option('--limit <size>', 'bytes that the file may get')
        .argParser(sizeUpTo('1G'))
        .default(DEFAULT_LIMIT, '256M'),
    )
    .addOption(iobaseOption())
    .addOption(events)
    .addOption(qemu)
    .addHelpText(
      'after',
      `
What was recorded is kept however it ends; if nothing was, the file is left as it was.
Exit code 0: the guest reported or ended. 1: nothing was recorded, or a signal came. 2: usage error. 124: time ran out.

Examples:
  isa-pvpanic trace record boot.trace
  isa-pvpanic trace record boot.trace --bios my.rom --timeout 10s`,
    )
    .action(async (file: string, options: RecordOptions) => finish(await record(file, options, terminal)))
  trace
    .command('print <file>')
    .description('print a recording, one access a line')
    .addOption(iobaseOption())
    .addOption(ports)
    .addHelpText(
      'after',
      '\nExamples:\n  isa-pvpanic trace print boot.trace | head\n  zcat boot.trace.gz | isa-pvpanic trace print - --ports 0x505',
    )
    .action(async (file: string, options: { iobase: number; ports?: PortRange[] }) =>
      finish(await withTrace(file, (trace) => print(trace, options, terminal))),
    )
  trace
    .command('replay <file>')
    .description("do a recording's accesses on a new machine, and report the first read that differs")
    .addOption(iobaseOption())
    .addOption(events)
    .addOption(qemu)
    .addOption(ports)
    .addHelpText(
      'after',
      `
Without --ports, accesses to a PC's devices that are not part of the machine are left out, and said to be. Any other port
at which it has nothing gives all ones, as it did if nothing was there. Exit code 1: a read differs.

Examples:
  isa-pvpanic trace replay boot.trace
  isa-pvpanic trace replay boot.trace --ports 0x505 --qemu 7.2`,
    )
    .action(async (file: string, options: DeviceOptions & { ports?: PortRange[] }) =>
      finish(await withTrace(file, (trace) => replay(trace, options, terminal))),
    )
  return trace
}

async function record(
  path: string,
  { timeout, limit, ...options }: RecordOptions,
  terminal: Terminal,
): Promise<number> {
  checkWritable(path)
  const guest = await refusing(() => bootGuest({ ...options, onPanic: 'preserve', startPaused: true }))
  let interrupted = false
  guest.machine.on('SHUTDOWN', ({ data }) => {
    interrupted = data?.reason === 'host-signal'
  })
  const ignoreSignals = quitOnSignals(guest.machine)
  try {
    let ending: RecordEnding = { told: '', exitCode: EXIT.fault }
    const { accesses, leftOut } = await writeTrace(path, limit, async (write) => {
      const stop = recordPortTrace(guest.machine.bus, write)
      ending = await recordUntilEnd(guest, timeout, () => interrupted)
      return stop()
    })
    const { told, exitCode } = ending
    if (accesses > 0) {
      const cut =
        leftOut === 0 ? '' : `, of which the last ${leftOut} did not fit into the limit of ${showSize(limit)} (--limit)`
      terminal.out(`${count(accesses)} recorded${cut}; ${told}\n`)
      return exitCode
    }
    terminal.out(`nothing recorded, ${path} is not written; ${told}\n`)
    return exitCode === EXIT.asExpected ? EXIT.unexpected : exitCode
  } finally {
    ignoreSignals()
    await guest.dispose()
  }
}

interface RecordEnding {
  readonly told: string
  readonly exitCode: number
}

/** Lets the guest run until it reports, ends, is interrupted, or has had its time. */
async function recordUntilEnd(
  guest: Guest<Machine>,
  timeoutMs: number,
  wasInterrupted: () => boolean,
): Promise<RecordEnding> {
  const { machine } = guest
  // A signal may have come already.
  if (machine.exitCode === undefined) machine.cont()
  try {
    const { event } = await guest.nextPanic({ timeoutMs })
    return { told: `the guest reported ${event}`, exitCode: EXIT.asExpected }
  } catch (error) {
    if (!(error instanceof GuestError) || error.reason === 'fault') throw error
    if (error.reason === 'timeout') return { told: 'time ran out', exitCode: EXIT.timedOut }
    if (wasInterrupted()) return { told: 'it was interrupted', exitCode: EXIT.unexpected }
    const told = error.reason === 'halted' ? 'the guest halted' : 'the machine ended'
    return { told, exitCode: EXIT.asExpected }
  }
}

/** Prints until the end, or until nobody reads any more. */
async function print(
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

function replay(
  trace: Iterable<PortAccess>,
  { ports, ...options }: DeviceOptions & { ports?: readonly PortRange[] },
  terminal: Terminal,
): number {
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

const count = (accesses: number): string => `${accesses} ${accesses === 1 ? 'access' : 'accesses'}`

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

/** Number, direction with width, port, value, name. */
function line(index: number, { port, width, write, value }: PortAccess, iobase: number): string {
  const suffix = { 1: 'b', 2: 'w', 4: 'l' }[width]
  const moved = hex(value, 2 * width).padEnd(10)
  const instruction = `${write ? 'out' : 'in'}${suffix}`.padEnd(4)
  const text = `${String(index).padStart(8)}  ${instruction}  ${hex(port, 4)} ${write ? '<-' : '->'} ${moved}`
  return `${text}  ${nameOf(port, iobase)}`.trimEnd()
}

/** What answers at a port: the pvpanic device lies above a PC's own. '' if that is not known. */
function nameOf(port: number, iobase: number): string {
  return port === iobase ? 'pvpanic' : pcPortName(port)
}

function parsePorts(list: string): PortRange[] {
  return list.split(',').map((part) => {
    const [first = '', last = first, ...more] = part.split('-')
    const range = { first: parsePort(first), last: parsePort(last) }
    if (more.length > 0 || range.last < range.first) {
      throw new InvalidArgumentError('Expected ports and ranges of ports, such as 0x0-0xf,0x505.')
    }
    return range
  })
}

function toRange({ base, size }: { readonly base: number; readonly size: number }): PortRange {
  return { first: base, last: base + size - 1 }
}

function isAmong(ranges: readonly PortRange[], port: number): boolean {
  return ranges.some(({ first, last }) => first <= port && port <= last)
}
