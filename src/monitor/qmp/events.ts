// A machine's events as lines of QMP, each written once however many clients there are.

import { writeJson } from '../../json/writer.js'
import type { MachineEvent } from '../../machine/events.js'
import type { Machine } from '../../machine/machine.js'
import { LINE_END } from '../line-splitter.js'

const ascii = new TextEncoder()

/** The event as QEMU sends it, line end included. */
export function writeEvent({ event, data, timestamp }: MachineEvent): string {
  const { seconds, microseconds } = timestamp
  return writeJson({ timestamp: { seconds, microseconds }, event, data: data && { ...data } }) + LINE_END
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
