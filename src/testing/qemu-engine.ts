// Guests in an installed QEMU: 64-bit kernels, KVM where there is one. Node only.

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { constants } from 'node:fs'
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MachineOptions } from '../machine/machine.js'
import { builtinGuest } from './builtin-guest.js'
import type { EngineListener, GuestEngine } from './engine.js'
import type { ImageName, LoadedImages } from './guest-images.js'
import { type QemuMachineChoices, qemuArguments } from './qemu-arguments.js'
import { HaltWatch } from './qemu-halt-watch.js'
import { QemuLink } from './qemu-link.js'
import { QemuMachine } from './qemu-machine.js'

/** What of a machine's options engine 'qemu' takes, and what only QEMU has. */
export interface QemuEngineOptions
  extends QemuMachineChoices,
    Pick<MachineOptions, 'startPaused' | 'resetLimit' | 'logSize' | 'onEnd' | 'onListenerError'> {
  /** Told when the guest halts with interrupts off; up to half a second late. */
  readonly onHalt?: () => void
  /** The program. 'qemu-system-x86_64', looked for on the PATH. */
  readonly qemuProgram?: string
  /** More arguments for QEMU, such as `['-cpu', 'max', '-smp', '2']`. */
  readonly qemuArguments?: readonly string[]
}

/** QEMU cannot be started, or has failed while it ran the guest. The message holds QEMU's own words. */
export class QemuError extends Error {
  override readonly name = 'QemuError'
}

const START_TIMEOUT_MS = 20_000
/** QEMU's own firmware images are multiples of this. */
const ROM_UNIT = 0x10000
const KEPT_COMPLAINTS = 4096
/** A unix socket's path has room for about 100 bytes on every system. */
const LONGEST_SOCKET_PATH = 100
const OWNER_ONLY = 0o600

/** @throws {QemuError} if there is no QEMU, or it does not start; {RangeError} for a temporary folder whose path is too long. */
export async function startQemuEngine(
  images: LoadedImages,
  options: QemuEngineOptions,
): Promise<GuestEngine<QemuMachine>> {
  const program = options.qemuProgram ?? 'qemu-system-x86_64'
  await checkInstalled(program)
  // Of mode 0700: nobody else on this system can reach the monitor in it.
  const folder = await mkdtemp(join(tmpdir(), 'isa-pvpanic-'))
  try {
    const qmpSocket = join(folder, 'qmp')
    if (Buffer.byteLength(qmpSocket) > LONGEST_SOCKET_PATH) {
      throw new RangeError(`TMPDIR: ${tmpdir()} is too long a path for a unix socket in it`)
    }
    const files = await writeImages(folder, images, options)
    const { append, memory } = images
    const kvm = await isKvmUsable()
    const args = qemuArguments({ ...options, files, append, memory, qmpSocket, kvm })
    return await QemuEngine.start(program, [...args, ...(options.qemuArguments ?? [])], { folder, qmpSocket, options })
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

interface Setting {
  readonly folder: string
  readonly qmpSocket: string
  readonly options: QemuEngineOptions
}

class QemuEngine implements GuestEngine<QemuMachine> {
  readonly machine: QemuMachine
  readonly #setting: Setting
  readonly #child: ChildProcess
  readonly #link: QemuLink
  readonly #exited: Promise<void>
  readonly #halts: HaltWatch
  #listener: EngineListener | undefined
  #complaints = ''
  #disposed = false

  static async start(program: string, args: readonly string[], setting: Setting): Promise<QemuEngine> {
    const { onPanic = 'preserve', resetLimit = Number.POSITIVE_INFINITY, logSize = 1024 } = setting.options
    const machine = new QemuMachine({ ...setting.options, onPanic, resetLimit, logSize })
    let engine: QemuEngine | undefined
    const link = await QemuLink.listen(setting.qmpSocket, (event) => {
      machine.take(event)
      engine?.changed()
    })
    engine = new QemuEngine(machine, spawn(program, args, { stdio: 'pipe' }), link, setting)
    try {
      await engine.#connect(program)
      return engine
    } catch (error) {
      await engine.dispose()
      throw error
    }
  }

  private constructor(machine: QemuMachine, child: ChildProcess, link: QemuLink, setting: Setting) {
    this.machine = machine
    this.#child = child
    this.#link = link
    this.#setting = setting
    this.#halts = new HaltWatch(link, () => {
      this.#listener?.onHalt()
      setting.options.onHalt?.()
    })
    process.once('exit', this.#kill)
    child.stdout?.setEncoding('latin1').on('data', (text: string) => this.#listener?.onText(text))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#complaints = (this.#complaints + text).slice(-KEPT_COMPLAINTS)
    })
    // Writing to a QEMU that has ended is no fault of the writer's.
    child.stdin?.on('error', () => {})
    this.#exited = new Promise((resolve) => {
      child.once('error', () => resolve())
      child.once('close', (code, signal) => {
        this.#ended(code, signal)
        resolve()
      })
    })
  }

  get settled(): boolean {
    return this.machine.settled
  }

  start(listener: EngineListener): void {
    this.#listener = listener
    this.#halts.start()
    if (this.#setting.options.startPaused !== true) this.machine.begin()
  }

  send(text: string): void {
    this.#child.stdin?.write(text, 'latin1')
  }

  async dispose(): Promise<void> {
    this.#disposed = true
    this.#halts.stop()
    process.removeListener('exit', this.#kill)
    this.#kill()
    await this.#exited
    this.#link.close()
    await rm(this.#setting.folder, { recursive: true, force: true })
  }

  changed(): void {
    this.#listener?.onChange()
  }

  /** Nothing of a guest outlives the process that started it. */
  readonly #kill = () => void this.#child.kill('SIGKILL')

  async #connect(program: string): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve(`did not answer within ${START_TIMEOUT_MS} ms`), START_TIMEOUT_MS)
    })
    const gone = this.#exited.then(() => 'did not start')
    const problem = await Promise.race([this.#link.connect().then(() => undefined), gone, late])
    clearTimeout(timer)
    if (problem !== undefined) throw new QemuError(`${program} ${problem}: ${this.#complaints.trim()}`)
    this.machine.connected(this.#link)
  }

  #ended(code: number | null, signal: NodeJS.Signals | null): void {
    this.#halts.stop()
    if (this.#disposed) return
    const complaint = this.#complaints.trim()
    // QEMU gives up with code 1, and says why. isa-debug-exit may end it with that code too.
    const mayGiveUp = this.#setting.options.debugExit === undefined && this.machine.settled
    const failed = code === null || (code === 1 && mayGiveUp && complaint !== '')
    if (failed) this.#listener?.onFault(new QemuError(`QEMU ended by ${signal ?? `exit code ${code}`}: ${complaint}`))
    else this.machine.end(code)
    this.#listener?.onChange()
  }
}

/** @throws {QemuError} that says how to install QEMU. */
function checkInstalled(program: string): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(program, ['--version'], (error) => {
      if (error === null) return resolve()
      const how =
        'On Debian: apt-get install qemu-system-x86. Or name the program as qemuProgram (--qemu-program FILE).'
      reject(new QemuError(`engine 'qemu' cannot run ${program}: ${error.message.trim()}. ${how}`, { cause: error }))
    })
  })
}

async function isKvmUsable(): Promise<boolean> {
  try {
    await access('/dev/kvm', constants.R_OK | constants.W_OK)
    return true
  } catch {
    return false
  }
}

async function writeImages(
  folder: string,
  images: LoadedImages,
  { iobase }: QemuEngineOptions,
): Promise<Partial<Record<ImageName, string>>> {
  const { append: _append, memory: _memory, ...loaded } = images
  const isBuiltin = Object.keys(loaded).length === 0
  const bios = isBuiltin ? builtinGuest(iobase == null ? {} : { iobase }) : loaded.bios
  const files: Partial<Record<ImageName, string>> = {}
  for (const [name, image] of Object.entries({ ...loaded, ...(bios && { bios: padded(bios) }) })) {
    const file = join(folder, name)
    await writeFile(file, image, { mode: OWNER_ONLY })
    files[name as ImageName] = file
  }
  return files
}

/** Firmware as QEMU wants it: its end stays where it was. */
function padded(bios: Uint8Array): Uint8Array {
  const whole = new Uint8Array(Math.ceil(bios.length / ROM_UNIT) * ROM_UNIT)
  whole.set(bios, whole.length - bios.length)
  return whole
}
