// Records how QEMU's isa-debug-exit ends the machine: which accesses reach it, and with which exit code.

import { untilHeard } from '../qemu/conversation.js'
import { QemuProcess } from '../qemu/qemu-process.js'
import { observeStep } from './observe.js'
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

export async function recordDebugExit(program: string): Promise<void> {
  const cases: DebugExitCase[] = []
  for (const { input, ...options } of everyCase())
    cases.push(await untilHeard(() => recordDebugExitCase(options, input)))
  const header = { program, arguments: ['-device', 'pvpanic', '-device', 'isa-debug-exit,iobase=…,iosize=…'] }
  const bytes = writeRecording<Header, DebugExitCase>('debug-exit', { header, lines: cases })
  console.log(`debug-exit: ${cases.length} cases, ${bytes} bytes`)
}

/** Gives `input` to a QEMU with an isa-debug-exit at the ports of `options`. */
export async function recordDebugExitCase(options: Omit<DebugExitCase, 'step'>, input: string): Promise<DebugExitCase> {
  const { iobase, iosize } = options
  const device = `isa-debug-exit${iobase === undefined ? '' : `,iobase=${iobase}`}${iosize === undefined ? '' : `,iosize=${iosize}`}`
  const qemu = await QemuProcess.start(['-device', 'pvpanic', '-device', device])
  try {
    return { ...options, step: await observeStep(qemu, input, 'running') }
  } finally {
    await qemu.dispose()
  }
}
