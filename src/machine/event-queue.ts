// Hands a machine's events to its listeners: in order, after the transition that made them, whatever listeners do.

import { checkOneOf } from '../common/check.js'
import { EVENT_NAMES, type EventName, type MachineEvent, type MachineEvents, timestampOf } from './events.js'

/** What `Machine.on` calls. */
export type EventListener<Name extends EventName | '*' = '*'> = (
  event: MachineEvent<Name extends EventName ? Name : EventName>,
) => void

interface Subscription {
  readonly wanted: EventName | '*'
  readonly listener: (event: MachineEvent) => void
  failed: boolean
}

/** Events wait here until `deliver`; with nobody listening nothing is kept. */
export class EventQueue {
  readonly #clock: () => number
  readonly #onError: (error: unknown, event: EventName) => void
  #subscriptions: readonly Subscription[] = []
  #waiting: MachineEvent[] = []
  #last: (() => void) | undefined
  #delivering = false

  constructor(clock: () => number, onError = reportOnConsole) {
    this.#clock = clock
    this.#onError = onError
  }

  on<Name extends EventName | '*'>(wanted: Name, listener: EventListener<Name>): () => void {
    checkOneOf('event', wanted, [...EVENT_NAMES, '*'])
    if (typeof listener !== 'function') throw new TypeError(`listener of ${wanted}: expected a function`)
    const subscription = { wanted, listener: listener as (event: MachineEvent) => void, failed: false }
    this.#subscriptions = [...this.#subscriptions, subscription]
    return () => {
      this.#subscriptions = this.#subscriptions.filter((other) => other !== subscription)
    }
  }

  /** Whether anybody listens. */
  get heard(): boolean {
    return this.#subscriptions.length > 0
  }

  add<Name extends EventName>(event: Name, data?: MachineEvents[Name]): void {
    if (!this.heard) return
    const timestamp = timestampOf(this.#clock())
    this.#waiting.push((data === undefined ? { event, timestamp } : { event, data, timestamp }) as MachineEvent)
  }

  /** Has `last` called once, when every event has been delivered. */
  addLast(last: () => void): void {
    this.#last = last
  }

  /** Empties the queue. Called from within a listener it returns at once: the delivery under way goes on to the new events. */
  deliver(): void {
    if (this.#waiting.length > 0 || this.#last !== undefined) this.#deliverAll()
  }

  #deliverAll(): void {
    if (this.#delivering) return
    this.#delivering = true
    for (let event = this.#waiting.shift(); event !== undefined; event = this.#waiting.shift()) this.#tell(event)
    this.#delivering = false
    this.#tellLast()
  }

  #tellLast(): void {
    const last = this.#last
    this.#last = undefined
    try {
      last?.()
    } catch (error) {
      this.#report(error, 'SHUTDOWN')
    }
  }

  #tell(event: MachineEvent): void {
    for (const subscription of this.#subscriptions) {
      if (subscription.wanted !== '*' && subscription.wanted !== event.event) continue
      try {
        subscription.listener(event)
      } catch (error) {
        if (!subscription.failed) this.#report(error, event.event)
        subscription.failed = true
      }
    }
  }

  #report(error: unknown, event: EventName): void {
    try {
      this.#onError(error, event)
    } catch (fault) {
      reportOnConsole(fault, event)
    }
  }
}

function reportOnConsole(error: unknown, event: EventName): void {
  console.error(`isa-pvpanic: a listener of ${event} threw:`, error)
}
