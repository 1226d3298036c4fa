// `isa-pvpanic demo`, which is what `npm start` runs: the built-in guest panics under each mode, and what follows is told.

import { Command } from 'commander'
import { hex } from '../common/hex.js'
import { renderTable } from '../common/render-table.js'
import { PVPANIC_DEFAULT_IOBASE } from '../devices/pvpanic.js'
import type { PanicMode } from '../machine/transitions.js'
import { bootGuest, type Guest } from '../testing/boot-guest.js'
import { PANIC_MODES } from './option-values.js'
import { printEntry } from './print-timeline.js'
import type { Terminal } from './terminal.js'
import { TEXT_WIDTH, Timeline, type TimelineEntry } from './timeline.js'

const IOBASES = [PVPANIC_DEFAULT_IOBASE, 0x600, 0] as const
const RESET_LIMIT = 1
const TIMEOUT_MS = 10_000

/** What the guest, the machine and a manager do under each mode. */
const INTRODUCTIONS: Readonly<Record<PanicMode, string>> = {
  preserve: 'the machine stops the guest at its OUT; a manager decides what then.',
  destroy: 'the machine ends with the panic; a manager may start a new one.',
  reset: 'a manager resets the machine and the guest boots anew; here, once.',
  log: 'the machine notes the panic, and the guest goes on at once.',
}

const WHERE_NEXT = `
Next:  npm run demo                  the same in a page, with everything to try
       npx isa-pvpanic run --help    your own kernel, ROM or disk
       README.md, docs/              the device in your own emulator, and more
`

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
    .description('boot the built-in guest and let it panic under each mode')
    .option('--all', `with the device at ${IOBASES.map(hex).join(', ')} in turn, not at ${hex(IOBASES[0])} alone`)
    .option('--json', 'print one JSON document at the end instead of lines')
    .addHelpText('after', '\nExamples:\n  isa-pvpanic demo --all\n  isa-pvpanic demo --json | jq .[].runState')
    .action(async ({ all, json }: { all?: boolean; json?: boolean }) => {
      const outcomes: Outcome[] = []
      for (const iobase of all ? IOBASES : IOBASES.slice(0, 1)) {
        outcomes.push(...(await demonstrate(iobase, json ? undefined : terminal)))
      }
      if (json) terminal.json(outcomes, 2)
      else terminal.out(WHERE_NEXT)
    })
}

/** Boots the guest under each mode with the device at one port. */
async function demonstrate(iobase: number, terminal: Terminal | undefined): Promise<Outcome[]> {
  terminal?.out(opening(iobase))
  const outcomes: Outcome[] = []
  const teller = terminal && new Teller(terminal)
  for (const onPanic of PANIC_MODES) {
    terminal?.out(`\n${onPanic}`, 'bold')
    terminal?.out(`: ${INTRODUCTIONS[onPanic]}\n`)
    outcomes.push(await show(onPanic, iobase, teller?.tell))
    teller?.flush()
  }
  terminal?.out(`\n${renderTable(COLUMNS, outcomes, 'table')}`)
  return outcomes
}

function opening(iobase: number): string {
  const hidden = iobase === 0 ? "\nThere the device hides the first register of the PC's DMA controller." : ''
  return `
A guest boots in v86 and reports a panic to the pvpanic device at port ${hex(iobase)},
once under each of four modes. Times are in ms since its boot.${hidden}
`
}

/** Prints entries in few lines: what the guest does at each boot alike only once, events that follow each other in one. */
class Teller {
  readonly #terminal: Terminal
  readonly #told = new Set<string>()
  #pending: TimelineEntry | undefined

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  readonly tell = (entry: TimelineEntry): void => {
    const { kind, text } = entry
    if (this.#told.has(text)) return
    if (kind === 'serial' || kind === 'ports') this.#told.add(text)
    const before = this.#pending
    const joined = `${before?.text}, ${kind === 'state' ? 'now ' : ''}${text}`
    if (before?.kind === 'event' && (kind === 'event' || kind === 'state') && joined.length <= TEXT_WIDTH) {
      this.#pending = { ...before, text: joined }
    } else {
      this.flush()
      this.#pending = entry
    }
  }

  flush(): void {
    if (this.#pending) printEntry(this.#terminal, this.#pending)
    this.#pending = undefined
  }
}

async function show(onPanic: PanicMode, iobase: number, tell?: (entry: TimelineEntry) => void): Promise<Outcome> {
  const timeline = new Timeline(tell)
  // The guest programs the DMA controller, too: that is worth seeing where the device hides one of its registers.
  const guest = await bootGuest({ onPanic, iobase, resetLimit: RESET_LIMIT, dma: iobase === 0 })
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
    return timeline.add('end', 'the guest is kept: it panicked again after the one reset')
  }
  if (onPanic === 'preserve') {
    timeline.add('host', 'the guest stands right after its OUT; cont')
    guest.machine.cont()
  }
  await guest.ended({ timeoutMs: TIMEOUT_MS })
  if (onPanic !== 'destroy') timeline.add('end', 'the guest went on, and halted by itself')
}

const COLUMNS = [
  { title: 'mode', cell: ({ onPanic }: Outcome) => onPanic },
  { title: 'panics', cell: ({ panics }: Outcome) => String(panics) },
  {
    title: 'run state',
    cell: ({ runState, exitCode }: Outcome) => (exitCode === null ? runState : `${runState}, exit code ${exitCode}`),
  },
  { title: 'last line of the guest', cell: ({ lastLine }: Outcome) => lastLine.replace(/^guest: /, '') },
]
