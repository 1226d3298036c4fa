// What a guest did, as a list: serial lines, port accesses, events and run states, each with its time.

import { type PortAccess, tapPorts } from '../bus/port-tap.js'
import type { MachineEvent } from '../machine/events.js'
import { Machine } from '../machine/machine.js'
import type { GuestMachine } from '../testing/engine.js'
import type { Guest } from '../testing/guest.js'

export interface TimelineEntry {
  /** Milliseconds since the guest began. */
  readonly time: number
  readonly kind: 'serial' | 'ports' | 'event' | 'state' | 'host' | 'end'
  readonly text: string
}

/** Entries that are told and kept; a guest can make millions. */
const MOST_ENTRIES = 1000
/** Accesses that are told on one line. */
const MOST_ACCESSES = 9
/** Characters of a serial line that are told. */
const LONGEST_LINE = 400

/**
 * Follows a guest. Accesses to one device in a row share an entry; the run state is told when it has changed; past 1000
 * entries nothing more is kept than how many there were.
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
  #accesses: string[] = []
  #dropped = 0

  /** @param tell called with each entry as it is made. */
  constructor(tell: (entry: TimelineEntry) => void = () => {}) {
    this.#tell = tell
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
    if (machine instanceof Machine) tapPorts(machine.bus, (access) => this.#addAccess(machine, access))
    serial.on((text) => this.#addText(text))
    machine.on('*', (event) => this.#addEvent(event))
  }

  /** Notes what the host does, or how it ended, after all that the guest did before. */
  add(kind: 'host' | 'end', text: string): void {
    this.#flush()
    this.#addState()
    this.#push(kind, text)
  }

  #addAccess(machine: Machine, { port, width, write, value }: PortAccess): void {
    const device = this.#devices.get(port) ?? deviceAt(machine, port)
    this.#devices.set(port, device)
    if (device !== this.#device || this.#accesses.length === MOST_ACCESSES) this.#flush()
    this.#device = device
    const digits = value.toString(16).padStart(2 * width, '0')
    this.#accesses.push(`${write ? 'out' : 'in'} ${port.toString(16)}${write ? '=' : ' gives '}${digits}`)
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
    this.#state = runState
    this.#push('state', exitCode === undefined ? runState : `${runState}, exit code ${exitCode}`)
  }

  /** Entries under way come first. */
  #flush(): void {
    if (this.#accesses.length > 0) this.#push('ports', `${this.#accesses.join(', ')}  (${this.#device})`)
    this.#accesses = []
    if (this.#line !== '') this.#push('serial', printable(this.#line))
    this.#line = ''
  }

  #push(kind: TimelineEntry['kind'], text: string): void {
    if (this.entries.length >= MOST_ENTRIES) {
      this.#dropped++
      return
    }
    const entry = { time: performance.now() - this.#began, kind, text }
    this.entries.push(entry)
    this.#tell(entry)
  }
}

function deviceAt(machine: Machine, port: number): string {
  const covers = ({ base, size }: { base: number; size: number }) => base <= port && port < base + size
  return machine.bus.mappings().find(({ visible }) => visible.some(covers))?.device.name ?? 'unassigned'
}

/** A guest's text may hold anything, escape sequences for the terminal included. */
function printable(line: string): string {
  return line.replace(/[^\x20-\x7e]/g, (character) => (character === '\r' ? '' : '·'))
}
