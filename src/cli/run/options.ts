// The options of `isa-pvpanic run`, and which of them mean nothing beside the others.

import { type Command, Option } from 'commander'
import type { PanicMode } from '../../machine/transitions.js'
import type { SocketAddress } from '../../qemu-options/socket-address.js'
import { ENGINES, type EngineName } from '../../testing/boot-guest.js'
import {
  iobaseOption,
  onPanicOption,
  parseAddress,
  parseCount,
  parseDuration,
  parseEvents,
  parseExitCode,
  parsePattern,
  parsePort,
  repeated,
  sizeUpTo,
} from '../option-values.js'
import { MOST_ENTRIES } from '../timeline.js'
import { EXPECTATION_NAMES, type Expectations } from './judge.js'
import { addLinuxOptions, type LinuxChoices, refuseMeaninglessLinux } from './linux-options.js'
import { addQemuOptions, type QemuChoices, refuseMeaninglessQemu } from './qemu-options.js'
import { parseReportTarget, type ReportTarget } from './report-file.js'
import { addSnapshotOptions, refuseMeaninglessSnapshot, type SnapshotChoices } from './snapshot-options.js'

/** What `bootGuest()` takes under the same names. */
export interface GuestOptions {
  readonly engine: EngineName
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
  readonly iobase: number
  readonly events?: number
  readonly onPanic: PanicMode
  readonly resetLimit?: number
  readonly rebootAction?: 'reset' | 'shutdown'
  readonly debugExit?: number
  readonly qemu?: string
  readonly qemuProgram?: string
  readonly accelerator?: 'kvm' | 'tcg'
  readonly machineType?: string
}

export const GUEST_OPTIONS = [
  ...(['engine', 'bios', 'vgaBios', 'kernel', 'initrd', 'append', 'multiboot', 'fda', 'hda', 'cdrom'] as const),
  ...(['memory', 'iobase', 'events', 'onPanic', 'resetLimit', 'rebootAction', 'debugExit'] as const),
  ...(['qemu', 'qemuProgram', 'accelerator', 'machineType'] as const),
] as const satisfies readonly (keyof GuestOptions)[]

const DUMP_NAMES = ['portable', 'libvirt'] as const

export interface RunOptions extends GuestOptions, Expectations, SnapshotChoices, LinuxChoices, QemuChoices {
  /** Milliseconds. */
  readonly timeout: number
  readonly serial?: string
  readonly serialLimit: number
  readonly timelineLimit: number
  readonly report?: readonly ReportTarget[]
  readonly json?: boolean
  readonly ndjson?: boolean
  readonly dumpDir?: string
  readonly dumpName: (typeof DUMP_NAMES)[number]
  readonly qmp?: SocketAddress
  /** A file of domain XML. */
  readonly domain?: string
  readonly libvirt?: string
}

const DEFAULT_TIMEOUT_MS = 60_000
const DEFAULT_SERIAL_LIMIT = 64 * 2 ** 20
/** What v86 can have; QEMU says itself what it cannot. */
const MOST_MEMORY_IN_V86 = 2047 * 2 ** 20

export function addRunOptions(command: Command): Command {
  addGuestOptions(command)
  addLinuxOptions(command)
  addQemuOptions(command)
  addSnapshotOptions(command)
  addExpectations(command)
  return addOutputs(command)
}

function addGuestOptions(command: Command): void {
  command
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
    .addOption(
      new Option('--reboot-action <what>', 'when the guest reboots: reset it, or end the machine (shutdown)').choices([
        'reset',
        'shutdown',
      ]),
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
    .option(
      '--domain <file>',
      'run the guest as this libvirt domain (XML): its devices, and what libvirt does on a panic',
    )
    .option('--libvirt <version>', 'with --domain: libvirt version, from 9.0 on (default: the newest known)')
}

function addExpectations(command: Command): void {
  command
    .addOption(
      new Option('--expect <what>', "succeed only if this is the guest's first report").choices(EXPECTATION_NAMES),
    )
    .option(
      '--expect-exit <code>',
      'succeed only if the machine then ends with this code, as isa-debug-exit makes it',
      parseExitCode,
    )
    .option('--expect-serial <regex>', 'succeed only if the guest prints this, too', parsePattern)
    .option('--fail-on <regex>', 'fail as soon as the guest prints this', parsePattern)
    .addOption(
      new Option('--timeout <time>', 'give up after this long')
        .argParser(parseDuration)
        .default(DEFAULT_TIMEOUT_MS, '60s'),
    )
}

function addOutputs(command: Command): Command {
  return command
    .option('--serial <where>', "the guest's serial line: stdio (both ways), or a file")
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
    .option(
      '--report <format=file>',
      'write a report for continuous integration: junit=FILE or tap=FILE; any number of times',
      repeated(parseReportTarget),
    )
    .option('--qmp <address>', 'serve QMP at unix:PATH or tcp:HOST:PORT, until the machine ends', parseAddress)
    .option(
      '--dump-dir <folder>',
      'write a core dump of a guest that has panicked and stands there; with --domain where on_crash dumps (default: .)',
    )
    .addOption(
      new Option(
        '--dump-name <style>',
        "the dump's name: libvirt's, or the same without colons, which other systems refuse",
      )
        .choices(DUMP_NAMES)
        .default('portable'),
    )
    .option('--json', 'print one JSON document at the end instead of lines')
    .addOption(new Option('--ndjson', 'print a JSON document a line, as things happen').conflicts('json'))
}

/** What the XML of a domain says. */
const DECIDED_BY_DOMAIN = ['iobase', 'events', 'onPanic', 'resetLimit', 'machineType', 'dumpName'] as const

const dashed = (name: string): string => name.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`)

/** Ends with a usage error if an option would be ignored, or could never be met. */
export function refuseMeaningless(options: RunOptions, command: Command): void {
  const {
    engine,
    kernel,
    multiboot,
    onPanic,
    resetLimit,
    dumpDir,
    serial,
    memory = 0,
    expect,
    expectExit,
    qmp,
  } = options
  const isGiven = (name: string) => command.getOptionValueSource(name) === 'cli'
  const refuse = (when: boolean, reason: string) => (when ? command.error(`error: ${reason}`) : undefined)
  if (options.domain !== undefined) {
    const given = DECIDED_BY_DOMAIN.find(isGiven)
    refuse(given !== undefined, `--${given && dashed(given)} has no meaning with --domain: the domain's XML decides`)
  }
  refuse(options.libvirt !== undefined && options.domain === undefined, '--libvirt has a meaning with --domain only')
  refuse(
    options.append !== undefined && kernel === undefined && multiboot === undefined,
    '--append is the command line of a kernel: give --kernel or --multiboot',
  )
  refuse(resetLimit !== undefined && onPanic !== 'reset', '--reset-limit has a meaning under --on-panic reset only')
  const keeps = onPanic === 'preserve' || (onPanic === 'reset' && resetLimit !== undefined)
  refuse(
    dumpDir !== undefined && !keeps,
    `--dump-dir is for a guest that is kept: under --on-panic ${onPanic} none is (give --on-panic preserve)`,
  )
  refuseMeaninglessSnapshot(options, refuse)
  refuseMeaninglessLinux(options, refuse)
  refuseMeaninglessQemu(options, refuse)
  refuse(isGiven('dumpName') && dumpDir === undefined, '--dump-name has a meaning with --dump-dir only')
  refuse(
    isGiven('serialLimit') && (serial === undefined || serial === 'stdio'),
    '--serial-limit has a meaning with --serial FILE only',
  )
  refuse(
    engine === 'v86' && memory > MOST_MEMORY_IN_V86,
    'engine v86 has memory up to 2047M (--memory); --engine qemu takes more',
  )
  refuse(
    expect === 'panic' &&
      expectExit !== undefined &&
      onPanic === 'preserve' &&
      qmp === undefined &&
      options.domain === undefined,
    '--expect panic and --expect-exit need a guest that goes on after its panic: give --on-panic log, or destroy, or --qmp',
  )
}
