// Guests in an installed QEMU: 64-bit kernels, KVM where there is one. Node only.

import { constants, rmSync } from 'node:fs'
import { access, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { constants as osConstants, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { OptionRangeError } from '../../../common/check.js'
import {
  PVPANIC_CRASH_LOADED,
  PVPANIC_DEFAULT_IOBASE,
  PVPANIC_PANICKED,
  PVPANIC_SHUTDOWN,
} from '../../../devices/pvpanic.js'
import type { MachineOptions } from '../../../machine/machine-options.js'
import { type QmpClient, QmpConnectionError } from '../../../monitor/server/qmp-client.js'
import { replaceWhole } from '../../../node/whole-file.js'
import type { EngineListener, GuestEngine } from '../../engine.js'
import type { ImageName, LoadedImages } from '../../guest-images.js'
import { builtinGuest } from '../../rom/builtin-guest.js'
import type { BootFacts } from '../../silence.js'
import { QmpSocket } from './accept-qmp.js'
import { type Accelerator, type QemuMachineChoices, qemuArguments } from './arguments.js'
import { HaltWatch } from './halt-watch.js'
import { QemuMachine } from './machine.js'
import { checkInstalled, type ProcessEnd, QemuError, QemuProcess } from './process.js'

/** What of a machine's options engine 'qemu' takes, and what only QEMU has. */
export interface QemuEngineOptions
  extends QemuMachineChoices,
    Pick<MachineOptions, 'startPaused' | 'resetLimit' | 'logSize' | 'onListenerError'> {
  /** Told when the guest halts with interrupts off; up to half a second late. */
  readonly onHalt?: () => void
  /** The program. Default: 'qemu-system-x86_64', looked for on the PATH. */
  readonly qemuProgram?: string
  /** Default: KVM where it can be used, else TCG. */
  readonly accelerator?: Accelerator
  /** More arguments for QEMU, such as `['-cpu', 'max', '-smp', '2']`. */
  readonly qemuArguments?: readonly string[]
}

/**
 * SSE3 is in every processor with virtualization. A KVM without it imitates one, in some sandbox, and was seen to hang
 * kernels before their first message.
 */
const KVM_WITHOUT_SSE3 = /host doesn't support requested feature: CPUID\.01H:ECX\.pni/
const START_TIMEOUT_MS = 20_000
/** QEMU's own firmware images are multiples of this. */
const ROM_UNIT = 0x10000
/** A unix socket's path has room for about 100 bytes on every system. */
const LONGEST_SOCKET_PATH = 100
/** What a shell makes of a process that a signal ended: this, and the signal's number. */
const SIGNALLED = 128
/** Gigabytes of guest memory take their time. */
const DUMP_TIMEOUT_MS = 600_000
const OWNER_ONLY = 0o600
const REMOVAL = { recursive: true, force: true } as const

/** What this process has learned of the host's KVM. */
let kvmIsUnusable = false

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
      throw new OptionRangeError('TMPDIR', `${tmpdir()} is too long a path for a unix socket in it`)
    }
    const { append, memory } = images
    const files = await writeImages(folder, images, options)
    const start = (accelerator: Accelerator) => {
      const args = qemuArguments({ ...options, files, append, memory, qmpSocket, accelerator })
      const allArgs = [...args, ...(options.qemuArguments ?? [])]
      const description = `${program}, accelerator ${accelerator}`
      const facts = factsOf(images, options)
      return startEngine({ program, args: allArgs, folder, qmpSocket, options, description, facts })
    }
    return await startAccelerated(start, options.accelerator)
  } catch (error) {
    await rm(folder, REMOVAL)
    throw error
  }
}

/** Under KVM if that works. */
async function startAccelerated(
  start: (accelerator: Accelerator) => Promise<QemuEngine>,
  wanted: Accelerator | undefined,
): Promise<QemuEngine> {
  if (wanted !== undefined) return start(wanted)
  if (kvmIsUnusable || !(await isKvmUsable())) return start('tcg')
  const engine = await start('kvm').catch(() => undefined)
  if (engine !== undefined && !KVM_WITHOUT_SSE3.test(engine.complaints)) return engine
  kvmIsUnusable = engine !== undefined
  await engine?.stop()
  return start('tcg')
}

interface Setting {
  readonly program: string
  readonly args: readonly string[]
  readonly folder: string
  readonly qmpSocket: string
  readonly options: QemuEngineOptions
  readonly description: string
  readonly facts: BootFacts
}

async function startEngine(setting: Setting): Promise<QemuEngine> {
  const { program, args, folder, qmpSocket, options } = setting
  const { onPanic = 'preserve', resetLimit = Number.POSITIVE_INFINITY, logSize = 1024 } = options
  const machine = new QemuMachine({ ...options, onPanic, resetLimit, logSize })
  const socket = await QmpSocket.listen(qmpSocket)
  const qemu = new QemuProcess(program, args, () => rmSync(folder, REMOVAL))
  const late = startLimit()
  try {
    const gone = qemu.ended.then(() => 'did not start')
    const qmp = await Promise.race([socket.accept((event) => machine.take(event)), gone, late.reached])
    if (typeof qmp === 'string') throw new QemuError(`${program} ${qmp}: ${qemu.complaints}`)
    machine.connected(qmp, () => qemu.terminate())
    return new QemuEngine(machine, qemu, qmp, setting)
  } catch (error) {
    qemu.kill()
    await qemu.ended
    if (!(error instanceof QmpConnectionError)) throw error
    // What QEMU said of it is all read by now.
    throw new QemuError(`${program} did not start: ${qemu.complaints || error.message}`, { cause: error })
  } finally {
    late.stop()
    socket.close()
  }
}

/** It also keeps the process alive until QEMU has answered, which QEMU itself does not. */
function startLimit(): { readonly reached: Promise<string>; stop(): void } {
  let timer: NodeJS.Timeout | undefined
  const reached = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`did not answer within ${START_TIMEOUT_MS} ms`), START_TIMEOUT_MS)
  })
  return { reached, stop: () => clearTimeout(timer) }
}

class QemuEngine implements GuestEngine<QemuMachine> {
  readonly machine: QemuMachine
  readonly description: string
  readonly facts: BootFacts
  readonly sight = undefined
  readonly #qemu: QemuProcess
  readonly #qmp: QmpClient
  readonly #folder: string
  readonly #options: QemuEngineOptions
  readonly #halts: HaltWatch
  #listener: EngineListener | undefined
  #disposed = false

  constructor(
    machine: QemuMachine,
    qemu: QemuProcess,
    qmp: QmpClient,
    { folder, options, description, facts }: Setting,
  ) {
    this.machine = machine
    this.#qemu = qemu
    this.#qmp = qmp
    this.#folder = folder
    this.description = description
    this.facts = facts
    this.#options = options
    this.#halts = new HaltWatch(qmp, () => {
      this.#listener?.onHalt()
      options.onHalt?.()
    })
    void qemu.ended.then((end) => this.#ended(end))
    machine.onInternalError(() => {
      const said = qemu.complaints === '' ? '' : `: ${qemu.complaints}`
      this.#listener?.onFault(new QemuError(`QEMU stopped the guest by an internal error (${description})${said}`))
    })
  }

  get complaints(): string {
    return this.#qemu.complaints
  }

  get settled(): boolean {
    return this.machine.settled
  }

  start(listener: EngineListener): void {
    this.#listener = listener
    this.machine.on('*', () => listener.onChange())
    this.#qemu.onText((text) => listener.onText(text))
    this.#halts.start()
    if (this.#options.startPaused !== true) this.machine.begin()
  }

  send(text: string): void {
    this.#qemu.send(text)
  }

  /** What QEMU's inject-nmi does. */
  async injectNmi(): Promise<void> {
    await this.#qmp.execute('inject-nmi')
  }

  save(): Promise<Uint8Array> {
    return Promise.reject(new QemuError("save: engine 'qemu' keeps no snapshots; engine 'v86' does"))
  }

  async dumpCore(path: string): Promise<number> {
    const { runState } = this.machine
    if (runState === 'running') throw new QemuError(`core dump: the guest must stand, it is in run state ${runState}`)
    // QEMU writes into a file that is there already, which has our mode and not QEMU's.
    await replaceWhole(path, (_file, partial) => {
      const protocol = `file:${resolve(partial)}`
      return this.#qmp.execute('dump-guest-memory', { paging: false, protocol }, DUMP_TIMEOUT_MS)
    })
    return (await stat(path)).size
  }

  /** Ends QEMU; its images stay. */
  async stop(): Promise<void> {
    this.#disposed = true
    this.#halts.stop()
    this.#qmp.close()
    this.#qemu.kill()
    await this.#qemu.ended
  }

  async dispose(): Promise<void> {
    await this.stop()
    await rm(this.#folder, REMOVAL)
  }

  #ended({ code, signal }: ProcessEnd): void {
    this.#halts.stop()
    if (this.#disposed) return
    const { complaints } = this.#qemu
    // QEMU gives up with code 1, and says why. isa-debug-exit may end it with that code too.
    const mayGiveUp = this.#options.debugExit === undefined && this.machine.settled
    const failed = code === null || (code === 1 && mayGiveUp && complaints !== '')
    if (failed) this.#listener?.onFault(new QemuError(`QEMU ended by ${signal ?? `exit code ${code}`}: ${complaints}`))
    this.machine.end(code ?? SIGNALLED + (signal === null ? 0 : osConstants.signals[signal]))
    this.#listener?.onChange()
  }
}

/** What of the machine QEMU does not say: its newest versions offer all events. */
const ALL_EVENTS = PVPANIC_PANICKED | PVPANIC_CRASH_LOADED | PVPANIC_SHUTDOWN

function factsOf({ kernel, initrd, append }: LoadedImages, options: QemuEngineOptions): BootFacts {
  const { iobase = PVPANIC_DEFAULT_IOBASE, events = ALL_EVENTS } = options
  return { kernel: kernel !== undefined, initrd: initrd !== undefined, append, iobase, events, isInAcpi: undefined }
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
