// QEMU as a child process: whether it is installed, what it complains of, how it ended.

import { type ChildProcess, type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import type { Writable } from 'node:stream'
import { atProcessEnd } from '../../../node/at-process-end.js'

/** QEMU cannot be started, or has failed while it ran the guest. The message holds QEMU's own words. */
export class QemuError extends Error {
  override readonly name = 'QemuError'
}

/** How a process ended: with a code, or by a signal. */
export interface ProcessEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

const KEPT_COMPLAINTS = 4096

/**
 * Becomes the program that it is given. Beside it stays a shell that reads a pipe of ours: a line says that the program has
 * ended; the end of the pipe says that this process has, in whatever way, and the program is killed.
 */
const WITH_PARENT = '(read ended <&3 || kill -KILL $$) </dev/null >/dev/null 2>&1 & exec 3<&-; exec "$0" "$@"'
const ENDED = 'ended\n'
const PARENT_PIPE = 3

/** A QEMU whose standard input and output are its guest's COM1. */
export class QemuProcess {
  readonly #child: ChildProcess
  #complaints = ''
  /** Settles when it has ended and all that it wrote has been read. */
  readonly ended: Promise<ProcessEnd>

  /** @param cleanUp called if this process exits while QEMU runs. */
  constructor(program: string, args: readonly string[], cleanUp: () => void) {
    const child = spawnWithParent(program, args)
    this.#child = child
    // Nor does a guest keep the process alive by which it was started.
    child.unref()
    for (const stream of child.stdio as (Partial<Socket> | null | undefined)[]) stream?.unref?.()
    // Nothing of a guest outlives the process that started it.
    const forget = atProcessEnd(() => {
      this.kill()
      cleanUp()
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#complaints = (this.#complaints + text).slice(-KEPT_COMPLAINTS)
    })
    // Writing to a QEMU that has ended is no fault of the writer's.
    child.stdin.on('error', () => {})
    this.ended = new Promise((resolve) => {
      child.once('error', () => resolve({ code: null, signal: null }))
      child.once('close', (code, signal) => resolve({ code, signal }))
    })
    child.once('exit', () => (child.stdio[PARENT_PIPE] as Writable | undefined)?.end(ENDED))
    void this.ended.then(forget)
  }

  /** The newest part of what it has written to its standard error. */
  get complaints(): string {
    return this.#complaints.trim()
  }

  /** Calls `listener` with what the guest prints, from now on. */
  onText(listener: (text: string) => void): void {
    this.#child.stdout?.setEncoding('latin1').on('data', listener)
  }

  send(text: string): void {
    this.#child.stdin?.write(text, 'latin1')
  }

  /** Alone it keeps no process alive; once it is to end, whoever ended it can wait for that. */
  #awaitEnd(): void {
    this.#child.ref()
    for (const stream of this.#child.stdio as (Partial<Socket> | null | undefined)[]) stream?.ref?.()
  }

  kill(): void {
    this.#awaitEnd()
    this.#child.kill('SIGKILL')
  }

  terminate(): void {
    this.#awaitEnd()
    this.#child.kill('SIGTERM')
  }
}

/** Starts a program that does not outlive this process, even if that is killed; on Windows only if it ends in order. */
function spawnWithParent(program: string, args: readonly string[]): ChildProcessWithoutNullStreams {
  if (process.platform === 'win32') return spawn(program, args, { stdio: 'pipe' })
  const child = spawn('sh', ['-c', WITH_PARENT, program, ...args], { stdio: ['pipe', 'pipe', 'pipe', 'pipe'] })
  // A program that has ended reads no more.
  child.stdio[PARENT_PIPE]?.on('error', () => {})
  return child as ChildProcessWithoutNullStreams
}

/** @throws {QemuError} that says how to install QEMU. */
export function checkInstalled(program: string): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(program, ['--version'], (cause) => {
      if (cause === null) return resolve()
      const how =
        'On Debian: apt-get install qemu-system-x86. Or name the program as qemuProgram (--qemu-program FILE).'
      reject(new QemuError(`engine 'qemu' cannot run ${program}: ${cause.message.trim()}. ${how}`, { cause }))
    })
  })
}
