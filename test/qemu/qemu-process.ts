// Starts a real QEMU whose CPU only halts, and drives its ports over qtest and its monitor over QMP.

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { Conversation, ConversationEnded } from './conversation.js'

/** The program every recording is made with, unless `QEMU` in the environment names another. */
export const QEMU_PROGRAM = process.env.QEMU ?? 'qemu-system-x86_64'

const BIOS_BYTES = 65_536
const HLT = 0xf4
const START_TIMEOUT_MS = 60_000
const EXIT_TIMEOUT_MS = 60_000
const SIGNAL_TIMEOUT_MS = 60_000

/** The exit code of a QEMU that was ended by a signal that it does not handle: none that it could have exited with. */
export const ENDED_BY_SIGNAL = -1

export class QemuError extends Error {
  override readonly name = 'QemuError'
}

/** A program that serves a machine over qtest and QMP under QEMU's option names. */
export interface MachineProgram {
  readonly command: readonly [file: string, ...args: string[]]
  /** Whether it has a CPU, which needs a BIOS that keeps it still. */
  readonly hasCpu: boolean
  /** What to do when the program cannot be started. */
  readonly hint: string
}

/** The QEMU at `path`. */
export function qemuProgram(path = QEMU_PROGRAM): MachineProgram {
  return {
    command: [path],
    hasCpu: true,
    hint:
      'Install QEMU, for example with "apt-get install qemu-system-x86", ' +
      'or name the program in the environment variable QEMU.',
  }
}

/** A QMP event without its timestamp, which no two runs share. */
export interface QemuEvent {
  readonly event: string
  readonly data?: Readonly<Record<string, unknown>>
}

/** What a QMP command answered. */
export type QmpReply =
  | { readonly return: unknown }
  | { readonly error: { readonly class: string; readonly desc: string } }

/** Everything an operation did that can be seen from outside. */
export interface Observation<Reply> {
  /** Undefined when QEMU ended before it answered. */
  readonly reply: Reply | undefined
  /** In the order of the QMP connection. */
  readonly events: readonly QemuEvent[]
  /** Undefined when QEMU has ended. */
  readonly runState: string | undefined
  /** Undefined while QEMU lives. */
  readonly exitCode: number | undefined
}

/** The first line of the program's `--version`. Throws a QemuError that says what to do when it cannot be started. */
export function qemuVersion(program = qemuProgram()): Promise<string> {
  const [file, ...args] = program.command
  return new Promise((resolve, reject) => {
    execFile(file, [...args, '--version'], (error, stdout) => {
      const [line] = stdout.split('\n')
      if (error === null && line) resolve(line)
      else reject(notRunnable(program, error?.message ?? 'it printed no version'))
    })
  })
}

/** A running QEMU. Always end it with `dispose()`. */
export class QemuProcess {
  readonly #folder: string
  readonly #child: ChildProcess
  readonly #exited: Promise<number>
  readonly #qtest: Conversation<string>
  readonly #qmp: Conversation<QmpReply>
  readonly #events: EventInbox
  #exitCode: number | undefined

  private constructor(folder: string, running: Running) {
    this.#folder = folder
    this.#child = running.child
    this.#qtest = running.qtest
    this.#qmp = running.qmp
    this.#events = running.events
    this.#exited = running.exited.then((code) => {
      this.#exitCode = code
      return code
    })
  }

  /**
   * Starts QEMU with `-nodefaults -display none`, a BIOS that only halts, and `args` (the device, `-action`, `-S`).
   * Throws a QemuError with the program's own words when it does not start.
   */
  static async start(args: readonly string[] = [], program = qemuProgram()): Promise<QemuProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'qemu-process-'))
    try {
      return new QemuProcess(folder, await launch(folder, args, program))
    } catch (error) {
      await rm(folder, { recursive: true, force: true })
      throw error
    }
  }

  /** Sends one qtest line and gives the reply line. Rejects with ConversationEnded when QEMU ends instead. */
  qtest(line: string): Promise<string> {
    return this.#qtest.ask(line)
  }

  /** Executes one QMP command. Rejects with ConversationEnded when QEMU ends instead. */
  qmp(command: string, args?: Readonly<Record<string, unknown>>): Promise<QmpReply> {
    return this.#qmp.ask(JSON.stringify({ execute: command, ...(args && { arguments: args }) }))
  }

  /** Runs a qtest line and tells exactly what it caused. */
  observeQtest(line: string): Promise<Observation<string>> {
    return this.#observe(() => this.qtest(line))
  }

  /** Runs qtest lines without waiting between them; tells the replies that came, and what all of them caused together. */
  async observeQtestLines(lines: readonly string[]): Promise<Observation<readonly string[]>> {
    const replies: string[] = []
    const observation = await this.#observe(async () => {
      for (const asked of await Promise.allSettled(lines.map((line) => this.qtest(line)))) {
        if (asked.status === 'rejected') throw asked.reason
        replies.push(asked.value)
      }
    })
    return { ...observation, reply: replies }
  }

  /** Runs a QMP command and tells exactly what it caused. */
  observeQmp(command: string, args?: Readonly<Record<string, unknown>>): Promise<Observation<QmpReply>> {
    return this.#observe(() => this.qmp(command, args), true)
  }

  /** Sends a signal that ends QEMU, and waits for the end. */
  observeSignal(signal: NodeJS.Signals): Promise<Observation<never>> {
    return this.#observe(async () => {
      this.#child.kill(signal)
      await within(SIGNAL_TIMEOUT_MS, this.#qmp.ended, `${signal} did not end QEMU`)
      throw new ConversationEnded(`${signal} ended QEMU`)
    })
  }

  /** The run state that query-status tells. */
  async runState(): Promise<string> {
    const reply = await this.qmp('query-status')
    if ('return' in reply && typeof reply.return === 'object' && reply.return !== null && 'status' in reply.return) {
      return String(reply.return.status)
    }
    throw new QemuError(`query-status answered ${JSON.stringify(reply)}`)
  }

  /** Ends QEMU if it still lives, and removes its temporary folder. */
  async dispose(): Promise<void> {
    if (this.#exitCode === undefined) {
      this.#child.kill('SIGKILL')
      await this.#exited
    }
    this.#qtest.close()
    this.#qmp.close()
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #observe<Reply>(operation: () => Promise<Reply>, mayFollow = false): Promise<Observation<Reply>> {
    this.#events.take()
    let reply: Reply | undefined
    let runState: string | undefined
    try {
      reply = await operation()
      runState = await this.#settle(mayFollow)
    } catch (error) {
      if (!(error instanceof ConversationEnded)) throw error
      await within(EXIT_TIMEOUT_MS, Promise.all([this.#exited, this.#qmp.ended]), 'QEMU did not exit')
    }
    return { reply, events: this.#events.take(), runState, exitCode: this.#exitCode }
  }

  /**
   * QEMU writes an operation's events before it answers the next QMP command. An end that the operation asked for comes
   * one turn of the main loop later: a second command is handled after that turn. Once SHUTDOWN was seen, only a machine
   * that lives on answers another one.
   * @param mayFollow an event can come after the reply, as before QEMU 7.2.
   */
  async #settle(mayFollow: boolean): Promise<string> {
    // What QEMU has sent before its end must be read before anything is written to it.
    await nextTurn()
    let runState = await this.runState()
    if (!this.#events.any && !mayFollow) return runState
    runState = await this.runState()
    return this.#events.has('SHUTDOWN') ? this.runState() : runState
  }
}

/** Events that have arrived and that nobody has taken yet. */
class EventInbox {
  #events: QemuEvent[] = []

  add({ event, data }: QemuEvent): void {
    this.#events.push(data === undefined ? { event } : { event, data })
  }

  get any(): boolean {
    return this.#events.length > 0
  }

  has(name: string): boolean {
    return this.#events.some(({ event }) => event === name)
  }

  take(): QemuEvent[] {
    const taken = this.#events
    this.#events = []
    return taken
  }
}

interface Running {
  readonly child: ChildProcess
  readonly exited: Promise<number>
  readonly qtest: Conversation<string>
  readonly qmp: Conversation<QmpReply>
  readonly events: EventInbox
}

async function launch(folder: string, args: readonly string[], program: MachineProgram): Promise<Running> {
  const [file, ...programArgs] = program.command
  const biosPath = join(folder, 'halt.bin')
  const qtestPath = join(folder, 'qtest')
  const qmpPath = join(folder, 'qmp')
  if (program.hasCpu) await writeFile(biosPath, new Uint8Array(BIOS_BYTES).fill(HLT))

  const events = new EventInbox()
  const qtest = await Conversation.listen(qtestPath, (line) => line)
  const qmp = await Conversation.listen(qmpPath, (line) => {
    const message: unknown = JSON.parse(line)
    if (isEvent(message)) events.add(message)
    return isReply(message) ? message : undefined
  })
  const child = spawn(
    file,
    [
      ...programArgs,
      ...['-nodefaults', '-display', 'none', ...(program.hasCpu ? ['-accel', 'tcg', '-bios', biosPath] : [])],
      ...['-qtest', `unix:${qtestPath}`, '-qtest-log', 'none', '-qmp', `unix:${qmpPath}`],
      ...args,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text
  })
  const exited = new Promise<number>((resolve, reject) => {
    child.once('error', (error) => reject(notRunnable(program, error.message)))
    child.once('close', (code) => resolve(code ?? ENDED_BY_SIGNAL))
  })
  const failed = exited.then((code): never => {
    throw new QemuError(`${file} exited with code ${code} while starting: ${complaints.trim()}`)
  })
  failed.catch(() => {})
  try {
    const ready = Promise.all([qtest.connected, qmp.connected]).then(() => qmp.ask('{"execute":"qmp_capabilities"}'))
    await within(START_TIMEOUT_MS, Promise.race([ready, failed]), `${file} did not connect`)
    return { child, exited, qtest, qmp, events }
  } catch (error) {
    child.kill('SIGKILL')
    qtest.close()
    qmp.close()
    throw error
  }
}

function notRunnable({ command, hint }: MachineProgram, why: string): QemuError {
  return new QemuError(`cannot run ${command.join(' ')} (${why}). ${hint}`)
}

function isEvent(message: unknown): message is QemuEvent {
  return typeof message === 'object' && message !== null && 'event' in message
}

function isReply(message: unknown): message is QmpReply {
  return typeof message === 'object' && message !== null && ('return' in message || 'error' in message)
}

async function within<Value>(milliseconds: number, promise: Promise<Value>, failure: string): Promise<Value> {
  const timer = new AbortController()
  const late = sleep(milliseconds, undefined, { signal: timer.signal }).then((): never => {
    throw new QemuError(`${failure} within ${milliseconds} ms`)
  })
  late.catch(() => {})
  try {
    return await Promise.race([promise, late])
  } finally {
    timer.abort()
  }
}
