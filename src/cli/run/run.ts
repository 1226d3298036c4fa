// `isa-pvpanic run`: boots a guest, tells what happened, and exits by whether that was expected.

import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Command, Option } from 'commander'
import { coreFileName } from '../../common/core-file-name.js'
import type { PanicMode } from '../../machine/transitions.js'
import type { SocketAddress } from '../../qemu-options/socket-address.js'
import { bootGuest, ENGINES, type EngineName } from '../../testing/boot-guest.js'
import type { Guest } from '../../testing/guest.js'
import { EXIT } from '../exit-codes.js'
import {
  iobaseOption,
  onPanicOption,
  parseAddress,
  parseCount,
  parseDuration,
  parseEvents,
  parsePort,
  sizeUpTo,
} from '../option-values.js'
import { printEntry } from '../print-timeline.js'
import type { Terminal } from '../terminal.js'
import { MOST_ENTRIES, Timeline } from '../timeline.js'
import { refusing } from '../usage-error.js'
import { checkFolder, checkWritable } from '../user-files.js'
import { EXPECTATION_NAMES, type Expectations, judge, type Verdict } from './judge.js'
import { qemuMonitor, RunMonitor } from './monitor.js'
import { ProgressLine } from './progress-line.js'
import { parseReportTarget, type ReportTarget, writeReport } from './report-file.js'
import { openSerial } from './serial-output.js'
import { Interruption } from './signals.js'

/** Between two looks at a machine that somebody else is to end. */
const END_POLL_MS = 50
const DEFAULT_SERIAL_LIMIT = 64 * 2 ** 20
const LATE: Verdict = { exitCode: EXIT.timedOut, text: 'time ran out before the guest was started' }
const IMAGE_OPTIONS = ['kernel', 'multiboot', 'cdrom', 'hda', 'fda', 'bios'] as const

interface RunOptions {
  readonly engine: EngineName
  readonly iobase: number
  readonly onPanic: PanicMode
  readonly bios?: string
  readonly vgaBios?: string
  readonly kernel?: string
  readonly initrd?: string
  readonly append?: string
  readonly multiboot?: string
  readonly fda?: string
  readonly hda?: string
  readonly cdrom?: string
  readonly memory?: number
  readonly events?: number
  readonly resetLimit?: number
  readonly debugExit?: number
  readonly qemu?: string
  readonly qemuProgram?: string
  readonly accelerator?: 'kvm' | 'tcg'
  readonly machineType?: string
}

interface TellOptions extends Expectations {
  readonly timeout: number
  readonly serial?: string
  readonly serialLimit: number
  readonly timelineLimit: number
  readonly report?: ReportTarget
  readonly json?: boolean
  readonly dumpDir?: string
  readonly qmp?: SocketAddress
}

/** @param finish told of the exit code. */
export function runCommand(terminal: Terminal, finish: (exitCode: number) => void): Command {
  return new Command('run')
    .description('boot a guest with a pvpanic device and report what happens; without an image, the built-in guest')
    .addOption(
      new Option('--engine <name>', 'v86: in this process, 32-bit; qemu: an installed QEMU')
        .choices(ENGINES)
        .default('v86'),
    )
    .option('--kernel <file>', 'Linux kernel (bzImage)')
    .option('--initrd <file>', 'initial RAM disk of that kernel, or a multiboot module')
    .option('--append <text>', "the kernel's command line")
    .option('--multiboot <file>', 'multiboot kernel')
    .option('--bios <file>', 'firmware or ROM image (default for a kernel or a disk: SeaBIOS as installed)')
    .option('--vga-bios <file>', 'VGA BIOS image')
    .option('--fda <file>', 'floppy disk image')
    .option('--hda <file>', 'hard disk image; the guest writes to a copy')
    .option('--cdrom <file>', 'CD image')
    .option('--memory <size>', 'guest memory, such as 128M (default: 1M for a ROM, else 128M)', sizeUpTo('64T'))
    .addOption(iobaseOption())
    .option('--events <mask>', 'what a read of that port shows (default: as the QEMU version)', parseEvents)
    .addOption(onPanicOption())
    .option(
      '--reset-limit <n>',
      'under reset: preserve the guest at the panic after so many resets; without --expect the run goes on until then',
      parseCount,
    )
    .option('--debug-exit <port>', 'an isa-debug-exit device at this port, such as 0xf4', parsePort)
    .option('--qemu <version>', 'engine v86: behave like this QEMU version, such as 7.2 (default: the newest)')
    .option('--qemu-program <file>', 'engine qemu: the program (default: qemu-system-x86_64)')
    .addOption(
      new Option(
        '--accelerator <name>',
        'engine qemu: how it runs the guest (default: kvm where it can be used)',
      ).choices(['kvm', 'tcg']),
    )
    .option('--machine-type <name>', 'machine type of that version, such as pc-i440fx-1.5 (default: pc)')
    .addOption(new Option('--expect <what>', 'succeed only if the guest does this').choices(EXPECTATION_NAMES))
    .addOption(
      new Option('--expect-exit <code>', 'succeed only if the machine ends with this code, as isa-debug-exit makes it')
        .argParser(parseCount)
        .conflicts('expect'),
    )
    .addOption(
      new Option('--timeout <time>', 'give up after this long').argParser(parseDuration).default(60_000, '60s'),
    )
    .option('--serial <where>', "the guest's serial line: stdio (both ways), or a file")
    .option(
      '--report <format=file>',
      'write a report for continuous integration: junit=FILE or tap=FILE',
      parseReportTarget,
    )
    .option('--qmp <address>', 'serve QMP at unix:PATH or tcp:HOST:PORT, until the machine ends', parseAddress)
    .option(
      '--dump-dir <folder>',
      'write a core dump of a guest that has panicked and stands there (--on-panic preserve)',
    )
    .addOption(
      new Option('--serial-limit <size>', 'bytes that the file of --serial may get')
        .argParser(sizeUpTo('64T'))
        .default(DEFAULT_SERIAL_LIMIT, '64M'),
    )
    .addOption(
      new Option('--timeline-limit <n>', 'entries of the guest that are told')
        .argParser(parseCount)
        .default(MOST_ENTRIES),
    )
    .option('--json', 'print one JSON document at the end instead of lines')
    .addHelpText(
      'after',
      `
Exit code 0: what was expected came; without --expect: the guest panicked and the mode was carried out, or it ended.
          Under --on-panic reset with a --reset-limit it goes on until the guest is preserved after that many resets.
          1: it did not come. 2: usage error. 3: the emulator failed, or the output cannot be written.
          124: time ran out. 130: interrupted by Ctrl-C (143: by SIGTERM); reports are written all the same.`,
    )
    .action(async (options: RunOptions & TellOptions) => finish(await run(options, terminal)))
}

async function run(options: RunOptions & TellOptions, terminal: Terminal): Promise<number> {
  const {
    timeout,
    expect: _expect,
    expectExit: _expectExit,
    json,
    serial,
    serialLimit,
    timelineLimit,
    report,
    dumpDir,
    qmp,
    ...bootOptions
  } = options
  if (report !== undefined) checkWritable(report.path)
  if (dumpDir !== undefined) checkFolder(dumpDir)
  const interruption = new Interruption()
  const { signal } = interruption
  const serialOutput = openSerial(serial, serialLimit, terminal, {
    onCut: (text) => timeline.add('host', text),
    onFailure: (text) => interruption.end({ exitCode: EXIT.fault, text }),
  })
  const began = performance.now()
  const seconds = () => (performance.now() - began) / 1000
  const progress = new ProgressLine(terminal, () => progressText(seconds(), timeout))
  const timeline = new Timeline(entryPrinter(options, terminal, progress), timelineLimit)
  let guest: Guest | undefined
  const monitor = new RunMonitor(qmp)
  /** What the guest shows, until there is a signal. */
  const watch = async (): Promise<Verdict> => {
    const late = setTimeout(() => interruption.end(LATE), timeout)
    try {
      guest = await refusing(() => bootGuest({ ...bootOptions, ...qemuMonitor(bootOptions, qmp), signal }))
    } finally {
      clearTimeout(late)
    }
    timeline.follow(guest)
    serialOutput.connect(guest)
    await monitor.open(guest)
    const verdict = await judge(guest, options, { timeoutMs: timeout, deadline: began + timeout })
    if (signal.aborted) return verdict
    if (dumpDir !== undefined) await dump(guest, dumpDir, nameOf(options), timeline)
    if (qmp !== undefined) {
      // Whoever watches over QMP decides what becomes of the guest now.
      timeline.add('host', `${verdict.text}; waiting for a QMP client to end the machine`)
      await untilEnded(guest, timeout - 1000 * seconds(), signal)
    }
    return verdict
  }
  try {
    const seen = await watch().catch((error: unknown) => {
      // What the signal cut short has failed because of it.
      if (interruption.verdict === undefined) throw error
      return interruption.verdict
    })
    const verdict = interruption.verdict ?? seen
    timeline.add('end', verdict.text)
    if (report)
      await writeReport(report, {
        ...verdict,
        name: titleOf(options),
        seconds: seconds(),
        serial: guest?.serial.text ?? '',
      })
    progress.stop()
    if (json) terminal.json(toJson(guest, timeline, verdict), 2)
    return verdict.exitCode
  } finally {
    progress.stop()
    serialOutput.close()
    await guest?.dispose()
    await monitor.close()
    interruption.stop()
  }
}

async function untilEnded({ machine }: Guest, timeoutMs: number, signal: AbortSignal): Promise<void> {
  const end = performance.now() + timeoutMs
  while (machine.exitCode === undefined && performance.now() < end && !signal.aborted) await sleep(END_POLL_MS)
}

/** Under libvirt's name for such a file; the process is what a domain's number is there. */
async function dump(guest: Guest, folder: string, name: string, timeline: Timeline): Promise<void> {
  if (guest.machine.runState !== 'guest-panicked') return
  const path = join(folder, coreFileName({ id: process.pid, name }))
  await guest.dumpCore(path)
  timeline.add('host', `core dump written to ${path}`)
}

/** Prints entries as they come: beside the guest's own text if that has the terminal. */
function entryPrinter({ json, serial }: TellOptions, terminal: Terminal, progress: ProgressLine) {
  if (json) return undefined
  const hasText = serial === 'stdio'
  const target = hasText ? terminal.beside() : terminal
  return (entry: Timeline['entries'][number]) => {
    if (hasText && entry.kind === 'serial') return
    progress.clear()
    printEntry(target, entry)
  }
}

function progressText(seconds: number, timeoutMs: number): string {
  return `waiting for the guest: ${seconds.toFixed(0)} s of ${(timeoutMs / 1000).toFixed(0)} s`
}

/** What the guest is called: after its image. */
function nameOf(options: RunOptions): string {
  const image = IMAGE_OPTIONS.map((name) => options[name]).find((path) => path !== undefined)
  return image === undefined ? 'builtin' : basename(image)
}

/** What a report calls the run. */
function titleOf(options: RunOptions & TellOptions): string {
  const guest = nameOf(options)
  const { engine, onPanic, expectExit, expect = 'a report or an end' } = options
  return `${guest} in ${engine}, on-panic ${onPanic}, expecting ${expectExit === undefined ? expect : `exit code ${expectExit}`}`
}

/** @param guest undefined if the run was interrupted before there was one. */
function toJson(guest: Guest | undefined, timeline: Timeline, verdict: Verdict) {
  const { runState = null, exitCode = null, panics } = guest?.machine ?? {}
  return {
    verdict: verdict.text,
    exitCode: verdict.exitCode,
    runState,
    machineExitCode: exitCode,
    panics: { total: panics?.total ?? 0, dropped: panics?.dropped ?? 0, entries: panics?.entries() ?? [] },
    serial: guest?.serial.text ?? '',
    timeline: timeline.entries,
    timelineDropped: timeline.dropped,
  }
}
