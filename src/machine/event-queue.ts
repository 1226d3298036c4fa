// Hands a machine's events to its listeners: in order, after the transition that made them, whatever listeners do.

import { checkFunction, checkOneOf } from '../common/check.js'
import { EVENT_NAMES, type EventName, type MachineEvent, type MachineEvents, timestampOf } from './events.js'

/** What `Machine.on` calls. */
export type EventListener<Name extends EventName | '*' = '*'> = (
  event: MachineEvent<Name extends EventName ? Name : EventName>,
) => void

interface Subscription<Told> {
  readonly listener: (told: Told) => void
  failed: boolean
}

/** Events wait here until `deliver`; with nobody listening nothing is kept. */
export class EventQueue {
  readonly #clock: () => number
  readonly #onError: (error: unknown, event: EventName) => void
  #listeners: readonly (Subscription<MachineEvent> & { readonly wanted: EventName | '*' })[] = []
  #endListeners: readonly Subscription<number>[] = []
  #waiting: MachineEvent[] = []
  /** The exit code that the listeners of the end are still to be told of. */
  #exitCode: number | undefined
  #delivering = false

  constructor(clock: () => number, onError = reportOnConsole) {
    this.#clock = clock
    this.#onError = onError
  }

  on<Name extends EventName | '*'>(wanted: Name, listener: EventListener<Name>): () => void {
    checkOneOf('event', wanted, [...EVENT_NAMES, '*'])
    checkFunction('listener', listener)
    const subscription = { wanted, listener: listener as (event: MachineEvent) => void, failed: false }
    this.#listeners = [...this.#listeners, subscription]
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== subscription)
    }
  }

  onEnd(listener: (exitCode: number) => void): () => void {
    checkFunction('listener', listener)
    const subscription = { listener, failed: false }
    this.#endListeners = [...this.#endListeners, subscription]
    return () => {
      this.#endListeners = this.#endListeners.filter((other) => other !== subscription)
    }
  }

  /** Whether anybody listens to events. */
  get heard(): boolean {
    return this.#listeners.length > 0
  }

  add<Name extends EventName>(event: Name, data?: MachineEvents[Name]): void {
    if (!this.heard) return
    const timestamp = timestampOf(this.#clock())
    this.#waiting.push((data === undefined ? { event, timestamp } : { event, data, timestamp }) as MachineEvent)
  }

  /** Adds the end, which is told after every event. */
  addEnd(exitCode: number): void {
    this.#exitCode = exitCode
  }

  /** Empties the queue. Called from within a listener it returns at once: the delivery under way goes on to the new events. */
  deliver(): void {
    if (this.#waiting.length > 0 || this.#exitCode !== undefined) this.#deliverAll()
  }

  #deliverAll(): void {
    if (this.#delivering) return
    this.#delivering = true
    for (let event = this.#waiting.shift(); event !== undefined; event = this.#waiting.shift()) {
      for (const subscription of this.#listeners) {
        if (subscription.wanted === '*' || subscription.wanted === event.event)
          this.#tell(subscription, event, event.event)
      }
    }
    const exitCode = this.#exitCode
    this.#exitCode = undefined
    if (exitCode !== undefined) {
      for (const subscription of this.#endListeners) this.#tell(subscription, exitCode, 'SHUTDOWN')
    }
    this.#delivering = false
    // A listener of the end may have loaded a state and gone on.
    this.deliver()
  }

  #tell<Told>(subscription: Subscription<Told>, told: Told, event: EventName): void {
    try {
      subscription.listener(told)
    } catch (error) {
      if (!subscription.failed) this.#report(error, event)
      subscription.failed = true
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
