// A machine's events as lines of QMP, each written once however many clients there are.

import { writeJson } from '../../json/writer.js'
import type { EventName, MachineEvent } from '../../machine/events.js'
import type { Machine } from '../../machine/machine.js'
import { LINE_END } from '../line-splitter.js'

const ascii = new TextEncoder()

/** The event as QEMU sends it, line end included. A guest can cause a million a second, so only the time is written anew. */
export function writeEvent(event: MachineEvent): string {
  const { seconds, microseconds } = event.timestamp
  return `{"timestamp": {"seconds": ${seconds}, "microseconds": ${microseconds}}, ${afterTimestamp(event)}`
}

const withoutData = new Map<EventName, string>()
const withData = new WeakMap<object, string>()

function afterTimestamp({ event, data }: MachineEvent): string {
  const known = data === undefined ? withoutData.get(event) : withData.get(data)
  if (known !== undefined) return known
  const text = writeJson({ event, data: data && { ...data } }).slice(1) + LINE_END
  if (data === undefined) withoutData.set(event, text)
  else withData.set(data, text)
  return text
}

/** Gives a machine's events, as lines, to any number of listeners; each gets the very same bytes. */
export class QmpEvents {
  readonly #machine: Machine
  readonly #listeners = new Set<(line: Uint8Array) => void>()
  #unsubscribe = () => {}

  constructor(machine: Machine) {
    this.#machine = machine
  }

  /** Calls `listener` with each event from now on. Returns what ends that. */
  subscribe(listener: (line: Uint8Array) => void): () => void {
    if (this.#listeners.size === 0) this.#unsubscribe = this.#machine.on('*', (event) => this.#tell(event))
    this.#listeners.add(listener)
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#unsubscribe()
    }
  }

  #tell(event: MachineEvent): void {
    const line = ascii.encode(writeEvent(event))
    for (const listener of this.#listeners) listener(line)
  }
}
