// `isa-pvpanic trace`: records the port accesses of a guest, prints such a recording, and replays it on a new machine.

import { closeSync, readFileSync, writeSync } from 'node:fs'
import { Command, InvalidArgumentError, Option } from 'commander'
import type { PortAccess } from '../bus/port-tap.js'
import { PortTraceError, readPortTrace, recordPortTrace, replayPortTrace } from '../bus/port-trace.js'
import { Machine } from '../machine/machine.js'
import { bootGuest } from '../testing/boot-guest.js'
import { GuestError } from '../testing/waiters.js'
import { EXIT } from './exit-codes.js'
import { iobaseOption, parseDuration, parseEvents, parsePort, sizeUpTo } from './option-values.js'
import { PortNames } from './port-names.js'
import type { Terminal } from './terminal.js'
import { refusing, UsageError } from './usage-error.js'
import { createUserFile, readUserFile } from './user-files.js'

/** Characters of output that are gathered before they are written. */
const OUTPUT_PIECE = 0x10000
/** A guest's accesses may hold what it keeps to itself. */
const OWNER_ONLY = 0o600

interface DeviceOptions {
  readonly iobase: number
  readonly events?: number
  readonly qemu?: string
}

interface RecordOptions extends DeviceOptions {
  readonly bios?: Uint8Array
  readonly memory?: number
  readonly timeout: number
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
    .option('--bios <file>', 'firmware or ROM image (default: the built-in guest)', readInput)
    .option('--memory <size>', 'guest memory, such as 128M (default: 1M)', sizeUpTo('2047M'))
    .addOption(new Option('--timeout <time>', 'end after this long').argParser(parseDuration).default(60_000, '60s'))
    .addOption(iobaseOption())
    .addOption(events)
    .addOption(qemu)
    .action(async (file: string, options: RecordOptions) => finish(await record(file, options, terminal)))
  trace
    .command('print <file>')
    .description('print a recording, one access a line')
    .addOption(iobaseOption())
    .addOption(ports)
    .action((file: string, options: { iobase: number; ports?: PortRange[] }) =>
      finish(withTrace(file, (trace) => print(trace, options, terminal))),
    )
  trace
    .command('replay <file>')
    .description("do a recording's accesses on a new machine, and report the first read that differs")
    .addOption(iobaseOption())
    .addOption(events)
    .addOption(qemu)
    .addOption(ports)
    .addHelpText('after', "\nWithout --ports, those of the machine's devices. Exit code 1: a read differs.")
    .action((file: string, options: DeviceOptions & { ports?: PortRange[] }) =>
      finish(withTrace(file, (trace) => replay(trace, options, terminal))),
    )
  return trace
}

async function record(path: string, { timeout, ...options }: RecordOptions, terminal: Terminal): Promise<number> {
  const file = createUserFile(path, OWNER_ONLY)
  try {
    const guest = await refusing(() => bootGuest({ ...options, onPanic: 'preserve', startPaused: true }))
    try {
      let failure: unknown
      let accesses = 0
      const end = recordPortTrace(guest.machine.bus, (bytes) => {
        try {
          writeSync(file, bytes)
        } catch (error) {
          failure ??= error
        }
      })
      guest.machine.cont()
      const told = await guest
        .nextPanic({ timeoutMs: timeout })
        .then(({ event }) => `the guest reported ${event}`, ending)
      end()
      if (failure !== undefined) throw failure
      for (const _ of readPortTrace(readFileSync(path))) accesses++
      terminal.out(`${accesses} accesses recorded; ${told}\n`)
      return EXIT.asExpected
    } finally {
      await guest.dispose()
    }
  } finally {
    closeSync(file)
  }
}

/** Why no report came, which ends a recording as well as a report does. */
function ending(error: unknown): string {
  if (!(error instanceof GuestError) || error.reason === 'fault') throw error
  return { timeout: 'time ran out', halted: 'the guest halted', ended: 'the machine ended', disposed: 'it was ended' }[
    error.reason
  ]
}

function print(
  trace: Iterable<PortAccess>,
  { iobase, ports }: { iobase: number; ports?: readonly PortRange[] },
  terminal: Terminal,
): number {
  const names = new PortNames(iobase)
  let lines = ''
  let index = 0
  const flush = () => {
    terminal.out(lines)
    lines = ''
  }
  try {
    for (const access of trace) {
      if (ports === undefined || isAmong(ports, access.port)) lines += `${line(index, access, names)}\n`
      if (lines.length >= OUTPUT_PIECE) flush()
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
  const served = ports ?? machine.bus.mappings().flatMap(({ visible }) => visible.map(toRange))
  let done = 0
  const difference = replayPortTrace(trace, machine.bus, ({ port }) => {
    const wanted = isAmong(served, port)
    if (wanted) done++
    return wanted
  })
  const reports = `${machine.panics.total} ${machine.panics.total === 1 ? 'report' : 'reports'} of the guest`
  if (difference === undefined) {
    terminal.out(`${done} accesses replayed, no difference; ${reports}\n`)
    return EXIT.asExpected
  }
  const { index, expected, actual } = difference
  terminal.out(`${line(index, expected, new PortNames(options.iobase))}\n`)
  terminal.out(`differs: this machine gives ${hex(actual, 2 * expected.width)}\n`)
  return EXIT.unexpected
}

/** Number, direction with width, port, value, name. */
function line(index: number, { port, width, write, value }: PortAccess, names: PortNames): string {
  const suffix = { 1: 'b', 2: 'w', 4: 'l' }[width]
  const moved = hex(value, 2 * width).padEnd(10)
  const instruction = `${write ? 'out' : 'in'}${suffix}`.padEnd(4)
  const text = `${String(index).padStart(8)}  ${instruction}  ${hex(port, 4)} ${write ? '<-' : '->'} ${moved}`
  return `${text}  ${names.nameOf(port)}`.trimEnd()
}

/** Reads a trace file for `use`. @throws {UsageError} if it cannot be read, or is damaged. */
function withTrace(path: string, use: (trace: Iterable<PortAccess>) => number): number {
  try {
    return use(readPortTrace(readUserFile(path)))
  } catch (error) {
    if (!(error instanceof PortTraceError)) throw error
    throw new UsageError(`${path}: ${error.message}`, { cause: error })
  }
}

function readInput(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new InvalidArgumentError(`Cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
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

function hex(value: number, digits: number): string {
  return `0x${value.toString(16).padStart(digits, '0')}`
}
