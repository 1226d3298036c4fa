// `isa-pvpanic trace`: records the port accesses of a guest, prints such a recording, and replays it on a new machine.

import { Command, Option } from 'commander'
import { iobaseOption, parseDuration, parseEvents, sizeUpTo } from '../option-values.js'
import type { Terminal } from '../terminal.js'
import { type PortRange, parsePorts } from './accesses.js'
import { print } from './print.js'
import { type RecordOptions, record } from './record.js'
import { type ReplayOptions, replay } from './replay.js'
import { withTrace } from './trace-file.js'

/** Of a recording: 32 million accesses. */
const DEFAULT_LIMIT = 256 * 2 ** 20

/** @param finish told of the exit code. */
export function traceCommand(terminal: Terminal, finish: (exitCode: number) => void): Command {
  const trace = new Command('trace').description('record, print and replay the port accesses of a guest')
  addRecord(trace, terminal, finish)
  addPrint(trace, terminal, finish)
  addReplay(trace, terminal, finish)
  return trace
}

const eventsOption = () => new Option('--events <mask>', 'what a read of that port shows').argParser(parseEvents)
const qemuOption = () =>
  new Option('--qemu <version>', 'behave like this QEMU version, such as 7.2 (default: the newest)')
const portsOption = () => new Option('--ports <list>', 'these ports only, such as 0x0-0xf,0x505').argParser(parsePorts)

type Finish = (exitCode: number) => void

function addRecord(trace: Command, terminal: Terminal, finish: Finish): void {
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
    .addOption(eventsOption())
    .addOption(qemuOption())
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
}

function addPrint(trace: Command, terminal: Terminal, finish: Finish): void {
  trace
    .command('print <file>')
    .description('print a recording, one access a line')
    .addOption(iobaseOption())
    .addOption(portsOption())
    .addHelpText(
      'after',
      '\nExamples:\n  isa-pvpanic trace print boot.trace | head\n  zcat boot.trace.gz | isa-pvpanic trace print - --ports 0x505',
    )
    .action(async (file: string, options: { iobase: number; ports?: PortRange[] }) =>
      finish(await withTrace(file, (trace) => print(trace, options, terminal))),
    )
}

function addReplay(trace: Command, terminal: Terminal, finish: Finish): void {
  trace
    .command('replay <file>')
    .description("do a recording's accesses on a new machine, and report the first read that differs")
    .addOption(iobaseOption())
    .addOption(eventsOption())
    .addOption(qemuOption())
    .addOption(portsOption())
    .addHelpText(
      'after',
      `
Without --ports, accesses to a PC's devices that are not part of the machine are left out, and said to be. Any other port
at which it has nothing gives all ones, as it did if nothing was there. Exit code 1: a read differs.

Examples:
  isa-pvpanic trace replay boot.trace
  isa-pvpanic trace replay boot.trace --ports 0x505 --qemu 7.2`,
    )
    .action(async (file: string, options: ReplayOptions) =>
      finish(await withTrace(file, (trace) => replay(trace, options, terminal))),
    )
}
