// One guest in v86 with the machine around it, and all that it does, step by step.

import { type Machine, type MachineEvent, type PanicMode, type PortAccess, tapPorts } from 'isa-pvpanic'
import { QmpMonitor, QmpSession } from 'isa-pvpanic/qmp'
import { builtinGuest } from 'isa-pvpanic/testing'
import { attach, createEmulator, destroyEmulator, restoreGuest, saveGuest } from 'isa-pvpanic/v86'
import wasm from 'v86/build/v86.wasm?url'

export interface GuestSettings {
  readonly onPanic: PanicMode
  /** `null`: no device. */
  readonly iobase: number | null
  /** What a read of the port shows, 0..0xff. */
  readonly events: number
  /** A ROM of the user's. Default: the built-in guest. */
  readonly rom: Uint8Array | undefined
}

/** Something that happened, in order. */
export type Step = { readonly time: number } & (
  | { readonly kind: 'serial'; readonly text: string }
  | { readonly kind: 'port'; readonly access: PortAccess }
  | { readonly kind: 'event'; readonly event: MachineEvent }
  | { readonly kind: 'qmp'; readonly line: string; readonly from: 'client' | 'machine' }
  | { readonly kind: 'note'; readonly text: string }
)
/** A step before it has its time. */
type NewStep = Step extends infer Each ? (Each extends Step ? Omit<Each, 'time'> : never) : never

/** The panicking guest is put back so many times before it stays panicked, or the page would show nothing else. */
const RESET_LIMIT = 3
/** A ROM of the user's may write for ever: the machine is stopped, and says so. */
const MOST_STEPS = 20_000

export class DemoGuest {
  readonly machine: Machine
  readonly #emulator: Awaited<ReturnType<typeof createEmulator>>
  readonly #onStep: (step: Step) => void
  readonly #session: QmpSession
  readonly #began = performance.now()
  #line = ''
  #steps = 0
  #disposed = false

  private constructor(
    emulator: Awaited<ReturnType<typeof createEmulator>>,
    { rom: _, ...settings }: GuestSettings,
    onStep: (step: Step) => void,
  ) {
    this.#emulator = emulator
    this.#onStep = onStep
    this.machine = attach(emulator, {
      ...settings,
      dma: true,
      resetLimit: RESET_LIMIT,
      onHalt: () => this.#add({ kind: 'note', text: 'The guest has halted with interrupts off.' }),
      onError: (error) => this.#add({ kind: 'note', text: `The emulator failed: ${error}` }),
    })
    emulator.add_listener('serial0-output-byte', (byte) => {
      this.#line += String.fromCharCode(byte)
      if (byte === 0x0a || this.#line.length > 200) this.#flushSerial()
    })
    tapPorts(this.machine.bus, (access) => {
      this.#flushSerial()
      this.#add({ kind: 'port', access })
    })
    this.machine.on('*', (event) => {
      this.#flushSerial()
      this.#add({ kind: 'event', event })
    })
    this.#session = new QmpSession(new QmpMonitor(this.machine), {
      send: (bytes) => this.#addQmp('machine', new TextDecoder().decode(bytes)),
    })
    this.#session.start()
    this.qmp('{"execute": "qmp_capabilities"}')
  }

  static async boot(settings: GuestSettings, onStep: (step: Step) => void): Promise<DemoGuest> {
    const { rom, iobase } = settings
    const bios = rom ?? builtinGuest(iobase === null ? {} : { iobase })
    const emulator = await createEmulator({ bios, wasm: new URL(wasm, document.baseURI) })
    try {
      return new DemoGuest(emulator, settings, onStep)
    } catch (error) {
      await destroyEmulator(emulator)
      throw error
    }
  }

  run(): void {
    this.#emulator.run()
  }

  get instructions(): number {
    return this.#emulator.get_instruction_counter()
  }

  /** A write as the guest would make it. */
  write(port: number, value: number): void {
    this.machine.bus.outb(port, value)
  }

  /** A line from a QMP client. */
  qmp(line: string): void {
    this.#addQmp('client', line)
    this.#session.receive(new TextEncoder().encode(`${line}\n`))
  }

  save(): Promise<Uint8Array> {
    return saveGuest(this.#emulator, this.machine)
  }

  /** @returns the machine's remarks. */
  load(state: Uint8Array): Promise<string[]> {
    return restoreGuest(this.#emulator, this.machine, state)
  }

  async dispose(): Promise<void> {
    this.#disposed = true
    this.#session.end()
    await destroyEmulator(this.#emulator)
  }

  #flushSerial(): void {
    const text = this.#line
    this.#line = ''
    if (text !== '') this.#add({ kind: 'serial', text })
  }

  #addQmp(from: 'client' | 'machine', text: string): void {
    for (const line of text.split('\n')) if (line.trim() !== '') this.#add({ kind: 'qmp', from, line: line.trim() })
  }

  #add(step: NewStep): void {
    if (this.#disposed || this.#steps > MOST_STEPS) return
    this.#onStep({ ...step, time: performance.now() - this.#began })
    if (this.#steps++ < MOST_STEPS) return
    this.#onStep({
      kind: 'note',
      text: `${MOST_STEPS} steps: the rest is not shown.`,
      time: performance.now() - this.#began,
    })
    if (this.machine.runState === 'running') this.machine.stop()
  }
}
