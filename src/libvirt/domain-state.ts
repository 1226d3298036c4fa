// States, reasons and events of a domain, by the names that virsh prints and by libvirt's numbers.

import type { MachineEvent, Timestamp } from '../machine/events.js'

/** The states a domain takes here, each with its reasons: `virsh domstate --reason`. */
export interface DomainReasons {
  running: 'booted' | 'restored' | 'unpaused' | 'save canceled' | 'crashed'
  paused: 'unknown' | 'user' | 'migrating' | 'saving' | 'dumping' | 'crashed' | 'starting up'
  'in shutdown': 'unknown'
  crashed: 'panicked'
  'shut off': 'unknown' | 'shutdown' | 'destroyed' | 'crashed' | 'saved'
}

/** The name of a domain's state, as `virsh domstate` prints it. */
export type DomainStateName = keyof DomainReasons

/** A state with its reason. */
export type DomainState = {
  [Name in DomainStateName]: { readonly state: Name; readonly reason: DomainReasons[Name] }
}[DomainStateName]

/** Numbers of virDomainState, and of each state's reasons: virDomainRunningReason and so on. */
const STATE_NUMBERS: {
  readonly [Name in DomainStateName]: readonly [number, Readonly<Record<DomainReasons[Name], number>>]
} = {
  running: [1, { booted: 1, restored: 3, unpaused: 5, 'save canceled': 7, crashed: 9 }],
  paused: [3, { unknown: 0, user: 1, migrating: 2, saving: 3, dumping: 4, crashed: 10, 'starting up': 11 }],
  'in shutdown': [4, { unknown: 0 }],
  'shut off': [5, { unknown: 0, shutdown: 1, destroyed: 2, crashed: 3, saved: 5 }],
  crashed: [6, { panicked: 1 }],
}

/** libvirt's numbers for a state: virDomainState, and the reason in the enumeration of that state. */
export function domainStateNumbers({ state, reason }: DomainState): {
  readonly state: number
  readonly reason: number
} {
  const [number, reasons] = STATE_NUMBERS[state]
  return { state: number, reason: (reasons as Readonly<Record<string, number>>)[reason] ?? 0 }
}

/** Lifecycle events by what `virsh event` prints: virDomainEventType and the detail's number in that event's enumeration. */
const LIFECYCLE_NUMBERS = {
  'Started Booted': [2, 0],
  'Started Restored': [2, 2],
  'Suspended Paused': [3, 0],
  'Suspended Restored': [3, 4],
  'Resumed Unpaused': [4, 0],
  'Resumed Snapshot': [4, 2],
  'Stopped Shutdown': [5, 0],
  'Stopped Destroyed': [5, 1],
  'Stopped Crashed': [5, 2],
  'Stopped Saved': [5, 4],
  'Stopped Failed': [5, 5],
  'Shutdown Finished after guest request': [6, 1],
  'Shutdown Finished after host request': [6, 2],
  'Crashed Panicked': [8, 0],
  'Crashed Crashloaded': [8, 1],
} as const satisfies Record<string, readonly [number, number]>

/** Lifecycle events, with their details: `virsh event`. */
export type LifecycleEvent = keyof typeof LIFECYCLE_NUMBERS

/** libvirt's numbers for a lifecycle event. */
export function lifecycleEventNumbers(detail: LifecycleEvent): { readonly event: number; readonly detail: number } {
  const [event, number] = LIFECYCLE_NUMBERS[detail]
  return { event, detail: number }
}

/** Which domain an event is of, and when it came. */
interface EventSource {
  /** The domain's name. */
  readonly domain: string
  /** Its number while it runs. */
  readonly id: number
  /** Milliseconds since 1970. */
  readonly time: number
  /** The domain's state by then. */
  readonly state: DomainState
  /** virDomainState, and the reason in the enumeration of that state. */
  readonly stateNumbers: { readonly state: number; readonly reason: number }
}

/** What a domain tells those who watch it. */
export type DomainEvent = EventSource &
  (
    | {
        readonly name: 'lifecycle'
        readonly detail: LifecycleEvent
        /** virDomainEventType, and the detail in the enumeration of that event. */
        readonly numbers: { readonly event: number; readonly detail: number }
      }
    | { readonly name: 'reboot' }
    | { readonly name: 'control-error' }
  )

/** The end of a dump, as QMP tells it. Whoever wrote the dump may not have said how many bytes it has. */
export interface DumpCompleted {
  readonly event: 'DUMP_COMPLETED'
  readonly data: {
    readonly result: { readonly status: 'completed'; readonly total?: number; readonly completed?: number }
  }
  readonly timestamp: Timestamp
}

/** What comes over a domain's monitor: the machine's events, and the end of a dump, which libvirt asks for. */
export type MonitorEvent = MachineEvent | DumpCompleted

/** A command that a domain refuses, in libvirt's words. */
export class DomainError extends Error {
  override readonly name = 'DomainError'
}
