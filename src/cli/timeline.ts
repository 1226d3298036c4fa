// What a guest did, as a list: serial lines, port accesses, events and run states, each with its time.

import { type PortAccess, tapPorts } from '../bus/port-tap.js'
import { hex, hexDigits } from '../common/hex.js'
import { printable } from '../common/printable.js'
import type { MachineEvent } from '../machine/events.js'
import { Machine } from '../machine/machine.js'
import { pcRegisterAt } from '../machine/pc-ports.js'
import type { GuestMachine } from '../testing/engine.js'
import type { Guest } from '../testing/guest.js'

export interface TimelineEntry {
  /** Milliseconds since the guest began. */
  readonly time: number
  readonly kind: 'serial' | 'ports' | 'event' | 'state' | 'domain' | 'host' | 'end'
  readonly text: string
}

/** Entries of a guest that are told and kept by default; it can make millions. */
export const MOST_ENTRIES = 1000
/** The device that may lie above another, whose registers it then hides. */
const PVPANIC = 'pvpanic'
/** Characters of an entry that fit on a line of 80 columns when it is printed. */
export const TEXT_WIDTH = 62
/** Characters of a serial line that are told. */
const LONGEST_LINE = 400

/**
 * Follows a guest. Accesses to one device in a row share an entry; the run state is told when it has changed. Of what the
 * guest does, no more entries are kept than the limit; the rest is counted. What the host does and how it ended is always kept.
 */
export class Timeline {
  readonly entries: TimelineEntry[] = []
  #began = 0
  readonly #tell: (entry: TimelineEntry) => void
  readonly #devices = new Map<number, string>()
  #machine: GuestMachine | undefined
  #state = ''
  #line = ''
  #device = ''
  #ports = ''
  #pushed = 0
  #dropped = 0
  readonly #limit: number

  /**
   * @param tell called with each entry as it is made.
   * @param limit entries of the guest that are told and kept.
   */
  constructor(tell: (entry: TimelineEntry) => void = () => {}, limit = MOST_ENTRIES) {
    this.#tell = tell
    this.#limit = limit
  }

  /** Entries that were not kept. */
  get dropped(): number {
    return this.#dropped
  }

  /** To be called before the guest takes its first turn: right after it was booted. */
  follow({ machine, serial }: Guest): void {
    this.#began = performance.now()
    this.#machine = machine
    this.#state = machine.runState
    // Only a machine in this process lets its ports be watched.
    if (machine instanceof Machine) {
      tapPorts(machine.bus, (access) => this.#addAccess(machine, access))
    }
    serial.on((text) => this.#addText(text))
    machine.on('*', (event) => this.#addEvent(event))
  }

  /** Notes what the host does, or how it ended, after all that the guest did before. */
  add(kind: 'domain' | 'host' | 'end', text: string): void {
    this.#flush()
    this.#addState()
    if (kind === 'end' && this.#dropped > 0)
      this.#keep('host', `left out: ${this.#dropped} further entries (--timeline-limit)`)
    this.#keep(kind, text)
  }

  #addAccess(machine: Machine, { port, width, write, value }: PortAccess): void {
    const device = this.#devices.get(port) ?? deviceAt(machine, port)
    this.#devices.set(port, device)
    const register = (device === PVPANIC ? undefined : pcRegisterAt(port)) ?? hex(port)
    const text = `${register} ${write ? '<-' : '->'} ${hexDigits(value, 2 * width)}`
    const isSame = device === this.#device && `${this.#ports}, ${text}`.length <= TEXT_WIDTH
    if (!isSame) this.#flush()
    this.#device = device
    this.#ports = this.#ports === '' ? `${device}: ${text}` : `${this.#ports}, ${text}`
    if (!write) this.#flush()
  }

  #addText(text: string): void {
    for (const character of text) {
      if (character !== '\n') {
        if (this.#line.length < LONGEST_LINE) this.#line += character
      } else {
        this.#flush()
      }
    }
  }

  #addEvent({ event, data }: MachineEvent): void {
    this.#flush()
    const details = Object.entries(data ?? {}).map(([name, value]) => ` ${name}=${value}`)
    this.#push('event', event + details.join(''))
    // After the other events of the same transition.
    queueMicrotask(() => this.#addState())
  }

  #addState(): void {
    const { runState = '', exitCode } = this.#machine ?? {}
    if (runState === this.#state) return
    this.#flush()
    this.#state = runState
    this.#push('state', exitCode === undefined ? runState : `${runState}, exit code ${exitCode}`)
  }

  /** Entries under way come first. */
  #flush(): void {
    if (this.#ports !== '') this.#push('ports', this.#ports)
    this.#ports = ''
    if (this.#line !== '') this.#push('serial', printable(this.#line.replaceAll('\r', '')))
    this.#line = ''
  }

  #push(kind: TimelineEntry['kind'], text: string): void {
    if (this.#pushed >= this.#limit) {
      this.#dropped++
      return
    }
    this.#pushed++
    this.#keep(kind, text)
  }

  #keep(kind: TimelineEntry['kind'], text: string): void {
    const entry = { time: performance.now() - this.#began, kind, text }
    this.entries.push(entry)
    this.#tell(entry)
  }
}

function deviceAt(machine: Machine, port: number): string {
  const covers = ({ base, size }: { base: number; size: number }) => base <= port && port < base + size
  return machine.bus.mappings().find(({ visible }) => visible.some(covers))?.device.name ?? 'unassigned'
}
