// Records how QEMU's isa-debug-exit ends the machine: which accesses reach it, and with which exit code.

import { untilHeard } from '../qemu/conversation.js'
import { QemuProcess } from '../qemu/qemu-process.js'
import type { Reference } from '../qemu/reference.js'
import { observeStep } from './observe.js'
import { recordSteps } from './record-ports.js'
import { type Header, type Step, writeRecording } from './recording.js'

/** One input to a fresh machine with an isa-debug-exit and a pvpanic at 0x505. */
export interface DebugExitCase {
  /** Absent: QEMU's default, 0x501. */
  readonly iobase?: number
  /** Absent: QEMU's default, 2 ports. */
  readonly iosize?: number
  readonly step: Step
}

const WRITES = ['0x0', '0x1', '0x10', '0x7f', '0x80', '0xff', '0x100', '0x1234', '0x12345678', '0xffffffff']
const WIDTHS = ['b', 'w', 'l']

function* everyCase(): Generator<{ iobase?: number; iosize?: number; input: string }> {
  for (const width of WIDTHS) {
    for (const value of WRITES) yield { input: `out${width} 0x501 ${value}` }
  }
  for (const iosize of [1, 2, 4, 8]) {
    for (const width of WIDTHS) {
      for (const port of [0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8]) {
        const address = `0x${port.toString(16)}`
        yield { iobase: 0xf4, iosize, input: `in${width} ${address}` }
        yield { iobase: 0xf4, iosize, input: `out${width} ${address} 0x04030201` }
      }
    }
  }
}

/** Several inputs to a machine with both devices. */
export interface DebugExitStory {
  readonly arguments: readonly string[]
  readonly steps: readonly Step[]
}

const EXIT_33 = 'outb 0x501 0x10'
const PANIC = 'outb 0x505 0x1'
const POWEROFF = 'set-action {"shutdown":"poweroff"}'
const TWO = ['-device', 'isa-debug-exit,iobase=0xf4,iosize=0x04']

/** Ways for a code to stay, and for a machine to end after it; those with set-action need QEMU 6.0. */
const STORIES: readonly (readonly [args: readonly string[], inputs: readonly string[]])[] = [
  [[], ['stop', EXIT_33]],
  [['-S'], [EXIT_33]],
  [['-no-shutdown'], [PANIC, EXIT_33, 'cont', 'system_reset', 'cont', 'quit']],
  [['-no-shutdown'], ['stop', EXIT_33, 'cont', EXIT_33, 'outb 0x501 0x80', 'SIGTERM']],
  [['-no-shutdown'], [EXIT_33, 'outb 0x501 0x21', 'system_reset', 'cont', 'outb 0x501 0x5', 'quit']],
  [['-no-shutdown'], [EXIT_33, POWEROFF, PANIC]],
  [['-no-shutdown'], [EXIT_33, 'set-action {"shutdown":"poweroff","panic":"exit-failure"}', PANIC]],
  [['-no-shutdown'], [EXIT_33, 'set-action {"shutdown":"poweroff","reboot":"shutdown"}', 'system_reset']],
  [['-no-shutdown'], [EXIT_33, POWEROFF, 'outb 0x505 0x4', 'quit']],
  [
    ['-no-shutdown', '-no-reboot'],
    [EXIT_33, 'system_reset', 'quit'],
  ],
  [TWO, ['inb 0xf4', 'outw 0xf4 0x0403']],
  [
    [...TWO, '-no-shutdown'],
    ['outb 0xf7 0x3', EXIT_33, 'quit'],
  ],
]

export async function recordDebugExit(reference: Reference): Promise<void> {
  const { qemu, title: program } = reference
  const cases: DebugExitCase[] = []
  for (const { input, ...options } of everyCase())
    cases.push(await untilHeard(() => recordDebugExitCase(reference, options, input)))
  const header = { program, arguments: ['-device', 'pvpanic', '-device', 'isa-debug-exit,iobase=…,iosize=…'] }
  const bytes = writeRecording<Header, DebugExitCase>(qemu.version, 'debug-exit', { header, lines: cases })
  console.log(`debug-exit: ${cases.length} cases, ${bytes} bytes`)

  const stories: DebugExitStory[] = []
  for (const [more, inputs] of STORIES) {
    if (!qemu.actions && inputs.some((input) => input.startsWith('set-action'))) continue
    const args = ['-device', 'pvpanic', '-device', 'isa-debug-exit', ...more]
    stories.push({ arguments: args, steps: await untilHeard(() => recordSteps(reference, args, inputs)) })
  }
  const storyHeader = { program, arguments: ['(as each line says)'] }
  writeRecording<Header, DebugExitStory>(qemu.version, 'debug-exit-stories', { header: storyHeader, lines: stories })
}

/** The options for a pvpanic and an isa-debug-exit at these ports. */
export function debugExitArguments({ iobase, iosize }: Omit<DebugExitCase, 'step'>): string[] {
  const place = `${iobase === undefined ? '' : `,iobase=${iobase}`}${iosize === undefined ? '' : `,iosize=${iosize}`}`
  return ['-device', 'pvpanic', '-device', `isa-debug-exit${place}`]
}

/** Gives `input` to a QEMU with an isa-debug-exit at the ports of `options`. */
export async function recordDebugExitCase(
  { program }: Reference,
  options: Omit<DebugExitCase, 'step'>,
  input: string,
): Promise<DebugExitCase> {
  const qemu = await QemuProcess.start(debugExitArguments(options), program)
  try {
    return { ...options, step: await observeStep(qemu, input, 'running') }
  } finally {
    await qemu.dispose()
  }
}
