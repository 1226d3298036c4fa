// `isa-pvpanic demo`, which is what `npm start` runs: the built-in guest panics under every mode, at three ports.

import { Command } from 'commander'
import { PVPANIC_DEFAULT_IOBASE } from '../devices/pvpanic.js'
import type { PanicMode } from '../machine/transitions.js'
import { bootGuest, type Guest } from '../testing/boot-guest.js'
import { PANIC_MODES } from './option-values.js'
import { printEntry } from './print-timeline.js'
import { colour, type Terminal } from './terminal.js'
import { Timeline, type TimelineEntry } from './timeline.js'

const IOBASES = [PVPANIC_DEFAULT_IOBASE, 0x600, 0] as const
const RESET_LIMIT = 1
const TIMEOUT_MS = 10_000

/** What a run showed. */
interface Outcome {
  readonly onPanic: PanicMode
  readonly iobase: number
  readonly panics: number
  readonly runState: string
  readonly exitCode: number | null
  /** The last thing that the guest printed. */
  readonly lastLine: string
  readonly timeline: readonly TimelineEntry[]
}

export function demoCommand(terminal: Terminal): Command {
  return new Command('demo')
    .description(
      `boot the built-in guest and let it panic under every mode, with the device at ${IOBASES.map(hex).join(', ')}`,
    )
    .option('--json', 'print one JSON document at the end instead of lines')
    .action(async ({ json }: { json?: boolean }) => {
      const outcomes: Outcome[] = []
      for (const iobase of IOBASES) {
        for (const onPanic of PANIC_MODES) outcomes.push(await show(onPanic, iobase, json ? undefined : terminal))
      }
      terminal.out(`${json ? JSON.stringify(outcomes, null, 2) : summary(outcomes, terminal)}\n`)
    })
}

async function show(onPanic: PanicMode, iobase: number, terminal: Terminal | undefined): Promise<Outcome> {
  if (terminal) terminal.out(`\n${colour(terminal, 'bold', `${title(onPanic)}, pvpanic at ${hex(iobase)}`)}\n`)
  const timeline = new Timeline(terminal && ((entry) => printEntry(terminal, entry)))
  const guest = await bootGuest({ onPanic, iobase, resetLimit: RESET_LIMIT })
  try {
    timeline.follow(guest)
    await panicAndAfter(guest, onPanic, timeline)
    const { machine, serial } = guest
    return {
      onPanic,
      iobase,
      panics: machine.panics.total,
      runState: machine.runState,
      exitCode: machine.exitCode ?? null,
      lastLine: serial.lastLines(1)[0] ?? '',
      timeline: timeline.entries,
    }
  } finally {
    await guest.dispose()
  }
}

/** Follows the guest through its panics; under preserve the host looks at it and lets it go on. */
async function panicAndAfter(guest: Guest, onPanic: PanicMode, timeline: Timeline): Promise<void> {
  await guest.nextPanic({ timeoutMs: TIMEOUT_MS })
  if (onPanic === 'reset') {
    for (let resets = 0; resets < RESET_LIMIT; resets++) await guest.nextPanic({ timeoutMs: TIMEOUT_MS })
    return timeline.add('end', `panicked again after ${RESET_LIMIT} reset, the limit: preserved`)
  }
  if (onPanic === 'preserve') {
    timeline.add('host', 'the guest stands right after its OUT; cont')
    guest.machine.cont()
  }
  const ending = await guest.ended({ timeoutMs: TIMEOUT_MS })
  timeline.add('end', ending.reason === 'ended' ? 'the machine has ended' : 'the guest went on and halted by itself')
}

function title(onPanic: PanicMode): string {
  return { preserve: 'preserve, then cont', destroy: 'destroy', reset: 'reset, once', log: 'log' }[onPanic]
}

function summary(outcomes: readonly Outcome[], terminal: Terminal): string {
  const rows = outcomes.map(({ onPanic, iobase, panics, runState, exitCode, lastLine }) => {
    const state = exitCode === null ? runState : `${runState}, exit code ${exitCode}`
    return [title(onPanic), hex(iobase), String(panics), state, lastLine]
  })
  const table = [['mode', 'iobase', 'panics', 'run state', 'last line of the guest'], ...rows]
  const widths = table.reduce((most, row) => row.map((cell, i) => Math.max(most[i] ?? 0, cell.length)), [0])
  const lines = table.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  return ['', colour(terminal, 'bold', lines[0] ?? ''), ...lines.slice(1)].join('\n')
}

function hex(port: number): string {
  return `0x${port.toString(16)}`
}
