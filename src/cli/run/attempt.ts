// One run of a guest, from its images to its verdict, and all that must be taken down after it.

import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { coreFileName, portableFileName } from '../../common/core-file-name.js'
import { pick } from '../../common/pick.js'
import { type BootOptions, bootGuest } from '../../testing/boot-guest.js'
import type { Guest } from '../../testing/guest.js'
import { EXIT } from '../exit-codes.js'
import type { Terminal } from '../terminal.js'
import { Timeline } from '../timeline.js'
import { refusing } from '../usage-error.js'
import { describeExpectations, judge, type Verdict } from './judge.js'
import { execExpectations, linuxImagesOf } from './linux-options.js'
import { ManagedGuest } from './managed-guest.js'
import { qemuMonitor, RunMonitor } from './monitor.js'
import { GUEST_OPTIONS, type RunOptions } from './options.js'
import { ProgressLine } from './progress-line.js'
import { qemuArgumentsOf } from './qemu-options.js'
import { openSerial, type SerialOutput } from './serial-output.js'
import { Interruption } from './signals.js'
import { snapshotOf } from './snapshot-options.js'
import { entryTeller, nameOf } from './telling.js'

/** Between two looks at a machine that somebody else is to end. */
const END_POLL_MS = 50
const LATE: Verdict = { exitCode: EXIT.timedOut, text: 'time ran out before the guest was started' }

export class Attempt {
  readonly timeline: Timeline
  readonly #options: RunOptions
  readonly #began = performance.now()
  readonly #interruption = new Interruption()
  readonly #progress: ProgressLine
  readonly #serial: SerialOutput
  readonly #monitor: RunMonitor
  #guest: Guest | undefined
  #domain: ManagedGuest | undefined
  #waitsFor = 'the images'

  /** @throws {UsageError} if the serial line's file cannot be written. */
  constructor(options: RunOptions, terminal: Terminal) {
    this.#options = options
    this.#progress = new ProgressLine(terminal, () => this.#progressText())
    this.timeline = new Timeline(entryTeller(options, terminal, this.#progress), options.timelineLimit)
    this.#monitor = new RunMonitor(options.qmp)
    try {
      this.#serial = openSerial(options.serial, options.serialLimit, terminal, {
        onCut: (text) => this.timeline.add('host', text),
        onFailure: (text) => this.#interruption.end({ exitCode: EXIT.fault, text }),
      })
    } catch (error) {
      this.#progress.stop()
      this.#interruption.stop()
      throw error
    }
  }

  /** Undefined until there is one. */
  get guest(): Guest | undefined {
    return this.#guest
  }

  /** Undefined without `--domain`. */
  get domain(): ManagedGuest | undefined {
    return this.#domain
  }

  get seconds(): number {
    return (performance.now() - this.#began) / 1000
  }

  /** Boots the guest and watches it until it is judged, or the run is interrupted. Then nothing is told any more. */
  async verdict(): Promise<Verdict> {
    try {
      const verdict = await this.#watch().catch((error: unknown) => {
        // What the interruption cut short has failed because of it.
        if (this.#interruption.verdict === undefined) throw error
        return this.#interruption.verdict
      })
      return this.#interruption.verdict ?? verdict
    } finally {
      this.#progress.stop()
    }
  }

  async close(): Promise<void> {
    this.#serial.close()
    await this.#guest?.dispose()
    await this.#monitor.close()
    this.#interruption.stop()
  }

  async #watch(): Promise<Verdict> {
    const options = this.#options
    const { domain: file } = options
    const domain =
      file === undefined ? undefined : await refusing(() => ManagedGuest.read(file, options, this.timeline))
    this.#domain = domain
    const guest = await this.#boot(domain?.guestOptions)
    this.#guest = guest
    this.timeline.follow(guest)
    if (options.engine === 'qemu') this.timeline.add('host', `engine: ${guest.engine}`)
    this.#serial.connect(guest)
    await this.#monitor.open(guest)
    await domain?.start(guest)
    this.#waitsFor = describeExpectations(options)
    const limit = { timeoutMs: options.timeout, deadline: this.#began + options.timeout }
    const verdict = await judge(guest, { ...options, ...execExpectations(options) }, limit)
    if (this.#interruption.signal.aborted) return verdict
    this.#waitsFor = 'the manager'
    await domain?.settled()
    if (options.dumpDir !== undefined && domain === undefined) await this.#dump(guest, options.dumpDir)
    if (options.qmp !== undefined) await this.#leaveToClient(guest, verdict)
    return verdict
  }

  async #boot(managed: BootOptions = {}): Promise<Guest> {
    const { timeout, qmp } = this.#options
    const guestOptions: BootOptions = {
      ...pick(this.#options, GUEST_OPTIONS),
      ...linuxImagesOf(this.#options),
      ...snapshotOf(this.#options),
      ...managed,
    }
    const monitor = qemuMonitor(guestOptions, qmp)
    const own = qemuArgumentsOf(this.#options)
    const given = [...own, ...[managed, monitor].flatMap(({ qemuArguments = [] }) => qemuArguments)]
    const qemuArguments = given.length === 0 ? {} : { qemuArguments: given }
    const late = setTimeout(() => this.#interruption.end(LATE), timeout)
    const { signal } = this.#interruption
    try {
      return await refusing(() => bootGuest({ ...guestOptions, ...qemuArguments, signal }))
    } finally {
      clearTimeout(late)
    }
  }

  /** Under libvirt's name for such a file; the process is what a domain's number is there. */
  async #dump(guest: Guest, folder: string): Promise<void> {
    if (guest.machine.runState !== 'guest-panicked') return
    const name = coreFileName({ id: process.pid, name: nameOf(this.#options) })
    const path = join(folder, this.#options.dumpName === 'libvirt' ? name : portableFileName(name))
    this.#waitsFor = `the core dump ${path}`
    await guest.dumpCore(path)
    this.timeline.add('host', `core dump written to ${path}`)
  }

  /** Whoever watches over QMP decides what becomes of the guest. */
  async #leaveToClient({ machine }: Guest, verdict: Verdict): Promise<void> {
    this.#waitsFor = 'a QMP client to end the machine'
    this.timeline.add('host', `${verdict.text}; waiting for ${this.#waitsFor}`)
    const { signal } = this.#interruption
    const end = this.#began + this.#options.timeout
    while (machine.exitCode === undefined && performance.now() < end && !signal.aborted) await sleep(END_POLL_MS)
  }

  #progressText(): string {
    const limit = this.#options.timeout / 1000
    return `waiting for ${this.#waitsFor}: ${this.seconds.toFixed(0)} s of ${limit.toFixed(limit < 10 ? 1 : 0)} s`
  }
}
