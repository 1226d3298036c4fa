// A run in a process of its own that is ended by a signal while its guest runs, and what is left of it.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi } from 'vitest'
import { PROGRAM } from './program-process.js'

/** What is seen of the process. */
export interface Interrupted {
  readonly exit: unknown
  readonly stdout: string
  readonly stderr: string
  readonly report: string
  readonly isSocketLeft: boolean
}

/** Starts `isa-pvpanic run --json --report --qmp` with `args`, and sends the signal once the monitor is there. */
export async function interruptRun(args: readonly string[], signal: NodeJS.Signals): Promise<Interrupted> {
  const folder = mkdtempSync(join(tmpdir(), 'isa-pvpanic-signal-'))
  try {
    const [socket, report] = [join(folder, 'qmp'), join(folder, 'report.tap')]
    const told = ['--json', '--report', `tap=${report}`, '--qmp', `unix:${socket}`]
    const child = spawn(process.execPath, [...PROGRAM, 'run', ...args, ...told], { stdio: ['ignore', 'pipe', 'pipe'] })
    const closed = once(child, 'close')
    const texts = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        texts[name] += text
      })
    }
    await vi.waitFor(() => {
      if (child.exitCode === null && !existsSync(socket)) throw new Error(`there is no monitor: ${texts.stderr}`)
    }, 15_000)
    child.kill(signal)
    const [exit] = await closed
    const isSocketLeft = existsSync(socket)
    return { exit, ...texts, report: existsSync(report) ? readFileSync(report, 'utf8') : '', isSocketLeft }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
