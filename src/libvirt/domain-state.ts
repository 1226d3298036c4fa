// States, reasons and events of a domain, by the names that virsh prints.

import type { MachineEvent } from '../machine/events.js'

/** The states a domain takes here, each with its reasons: `virsh domstate --reason`. */
export interface DomainReasons {
  running: 'booted' | 'unpaused' | 'crashed'
  paused: 'user' | 'crashed' | 'starting up'
  'in shutdown': 'unknown'
  crashed: 'panicked'
  'shut off': 'unknown' | 'shutdown' | 'destroyed' | 'crashed'
}

export type DomainStateName = keyof DomainReasons

/** A state with its reason. */
export type DomainState = {
  [Name in DomainStateName]: { readonly state: Name; readonly reason: DomainReasons[Name] }
}[DomainStateName]

/** Lifecycle events, with their details: `virsh event`. */
export type LifecycleEvent =
  | 'Started Booted'
  | 'Suspended Paused'
  | 'Resumed Unpaused'
  | 'Crashed Panicked'
  | 'Crashed Crashloaded'
  | 'Shutdown Finished after guest request'
  | 'Shutdown Finished after host request'
  | 'Stopped Shutdown'
  | 'Stopped Destroyed'
  | 'Stopped Crashed'

/** What a domain tells those who watch it. */
export type DomainEvent =
  | { readonly name: 'lifecycle'; readonly detail: LifecycleEvent }
  | { readonly name: 'reboot' }
  | { readonly name: 'control-error' }

/** What comes over a domain's monitor: the machine's events, and the end of a dump, which is libvirt's doing. */
export type MonitorEvent = MachineEvent | { readonly event: 'DUMP_COMPLETED'; readonly data?: undefined }

/** A command that a domain refuses, in libvirt's words. */
export class DomainError extends Error {
  override readonly name = 'DomainError'
}
