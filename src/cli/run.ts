// `isa-pvpanic run`: boots a guest, tells what happened, and exits by whether that was expected.

import { readFileSync } from 'node:fs'
import { Command, InvalidArgumentError, Option } from 'commander'
import type { PanicMode } from '../machine/machine.js'
import type { PanicLogEntry } from '../machine/panic-log.js'
import { bootGuest } from '../testing/boot-guest.js'
import type { Guest } from '../testing/guest.js'
import { GuestError } from '../testing/waiters.js'
import { EXIT } from './exit-codes.js'
import { PANIC_MODES, parseCount, parseDuration, parseEvents, parsePort, parseSize } from './option-values.js'
import { printEntry } from './print-timeline.js'
import type { Terminal } from './terminal.js'
import { Timeline } from './timeline.js'

/** What `--expect` takes, and the report that it means. */
const EXPECTATIONS = {
  panic: 'panicked',
  'crash-loaded': 'crash-loaded',
  shutdown: 'shutdown',
  none: undefined,
} as const
type Expectation = keyof typeof EXPECTATIONS

interface RunOptions {
  readonly bios?: Uint8Array
  readonly vgaBios?: Uint8Array
  readonly memory?: number
  readonly iobase: number
  readonly events?: number
  readonly onPanic: PanicMode
  readonly resetLimit?: number
  readonly debugExit?: number
  readonly qemu?: string
  readonly machineType?: string
  readonly expect?: Expectation
  readonly timeout: number
  readonly json: boolean
}

/** How a run ended, for the last line and for `--json`. */
interface Verdict {
  readonly exitCode: number
  readonly text: string
}

/** @param finish told of the exit code. */
export function runCommand(terminal: Terminal, finish: (exitCode: number) => void): Command {
  return new Command('run')
    .description(
      'boot a guest in v86 with a pvpanic device and tell what happens; without an image, the built-in guest',
    )
    .option('--bios <file>', 'firmware or ROM image', readImage)
    .option('--vga-bios <file>', 'VGA BIOS image', readImage)
    .option('--memory <size>', 'guest memory, such as 128M (default: 1M)', parseSize)
    .option('--iobase <port>', 'port of the pvpanic device', parsePort, 0x505)
    .option('--events <mask>', 'what a read of that port shows (default: as the QEMU version)', parseEvents)
    .addOption(new Option('--on-panic <mode>', 'what happens then').choices(PANIC_MODES).default('preserve'))
    .option('--reset-limit <n>', 'under reset: preserve the guest after so many resets', parseCount)
    .option('--debug-exit <port>', 'an isa-debug-exit device at this port, such as 0xf4', parsePort)
    .option('--qemu <version>', 'behave like this QEMU version, such as 7.2 (default: the newest)')
    .option('--machine-type <name>', 'machine type of that version, such as pc-i440fx-1.5 (default: pc)')
    .addOption(new Option('--expect <what>', 'succeed only if the guest does this').choices(Object.keys(EXPECTATIONS)))
    .option('--timeout <time>', 'give up after this long', parseDuration, 60_000)
    .option('--json', 'print one JSON document at the end instead of lines', false)
    .addHelpText(
      'after',
      `
Exit code 0: what was expected came; without --expect: the guest panicked and the mode was carried out, or it ended.
          1: it did not come. 2: wrong use. 3: the emulator failed. 124: time ran out.`,
    )
    .action(async (options: RunOptions) => finish(await run(options, terminal)))
}

async function run({ timeout, expect, json, ...options }: RunOptions, terminal: Terminal): Promise<number> {
  const timeline = new Timeline(json ? undefined : (entry) => printEntry(terminal, entry))
  const guest = await bootGuest(options)
  try {
    timeline.follow(guest)
    const verdict = await judge(guest, expect, timeout)
    timeline.add('end', verdict.text)
    if (json) terminal.out(`${JSON.stringify(report(guest, timeline, verdict), null, 2)}\n`)
    return verdict.exitCode
  } finally {
    await guest.dispose()
  }
}

async function judge(guest: Guest, expect: Expectation | undefined, timeoutMs: number): Promise<Verdict> {
  try {
    return judgeReport(guest, expect, await guest.nextPanic({ timeoutMs }))
  } catch (error) {
    if (error instanceof GuestError) return judgeEnd(guest, expect, error, timeoutMs)
    throw error
  }
}

function judgeReport({ machine }: Guest, expect: Expectation | undefined, { event }: PanicLogEntry): Verdict {
  const told = `the guest reported ${event}; run state ${machine.runState}`
  if (expect === undefined || EXPECTATIONS[expect] === event) return { exitCode: EXIT.asExpected, text: told }
  const wanted = expect === 'none' ? 'no report' : expect
  return { exitCode: EXIT.unexpected, text: `${told}; expected was ${wanted}` }
}

function judgeEnd(guest: Guest, expect: Expectation | undefined, { reason }: GuestError, timeoutMs: number): Verdict {
  if (reason === 'timeout') return { exitCode: EXIT.timedOut, text: `no report and no end within ${timeoutMs} ms` }
  if (reason === 'fault') return { exitCode: EXIT.fault, text: guest.ending?.error?.message ?? 'the emulator failed' }
  const how = reason === 'ended' ? `ended with exit code ${guest.exitCode}` : 'halted for good'
  if (expect === 'none') return { exitCode: EXIT.asExpected, text: `the guest ${how} without a report` }
  if (expect === undefined && reason === 'ended') return { exitCode: EXIT.asExpected, text: `the guest ${how}` }
  return { exitCode: EXIT.unexpected, text: `the guest ${how} without a report` }
}

function report({ machine, serial }: Guest, timeline: Timeline, verdict: Verdict) {
  return {
    verdict: verdict.text,
    exitCode: verdict.exitCode,
    runState: machine.runState,
    machineExitCode: machine.exitCode ?? null,
    panics: { total: machine.panics.total, dropped: machine.panics.dropped, entries: machine.panics.entries() },
    serial: serial.text,
    timeline: timeline.entries,
    timelineDropped: timeline.dropped,
  }
}

function readImage(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new InvalidArgumentError(`Cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}
