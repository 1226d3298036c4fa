// The events a machine sends, with QEMU's QMP names and data.

/** What a machine did about a panic, as GUEST_PANICKED tells it. */
export type PanicAction = 'pause' | 'poweroff' | 'run'

/** Why a machine was reset or shut down, QEMU's ShutdownCause. */
export type ShutdownReason =
  | 'guest-panic'
  | 'guest-reset'
  | 'guest-shutdown'
  | 'host-qmp-quit'
  | 'host-qmp-system-reset'
  | 'host-signal'

/** Data of RESET and SHUTDOWN. */
export interface ShutdownData {
  /** Whether the guest asked for it. */
  readonly guest: boolean
  /** Absent before QEMU 4.0. */
  readonly reason?: ShutdownReason
}

/** Each event's data; `undefined` where QEMU sends none. */
export interface MachineEvents {
  GUEST_PANICKED: { readonly action: PanicAction }
  GUEST_CRASHLOADED: { readonly action: 'run' }
  GUEST_PVSHUTDOWN: undefined
  STOP: undefined
  RESUME: undefined
  /** Without data before QEMU 2.10. */
  RESET: ShutdownData | undefined
  /** Without data before QEMU 2.10. */
  SHUTDOWN: ShutdownData | undefined
  POWERDOWN: undefined
}

/** The name of an event, as QMP has it. */
export type EventName = keyof MachineEvents

export const EVENT_NAMES: readonly EventName[] = [
  'GUEST_PANICKED',
  'GUEST_CRASHLOADED',
  'GUEST_PVSHUTDOWN',
  'STOP',
  'RESUME',
  'RESET',
  'SHUTDOWN',
  'POWERDOWN',
]

/** Wall-clock time as QMP writes it. */
export interface Timestamp {
  readonly seconds: number
  readonly microseconds: number
}

/** An event as listeners get it. `data` is absent where QEMU sends none. */
export type MachineEvent<Name extends EventName = EventName> = {
  [N in Name]: MachineEvents[N] extends undefined
    ? { readonly event: N; readonly data?: undefined; readonly timestamp: Timestamp }
    : { readonly event: N; readonly data: MachineEvents[N]; readonly timestamp: Timestamp }
}[Name]

/** @param clock milliseconds since 1970, fractions allowed. */
export function timestampOf(clock: number): Timestamp {
  const microseconds = Math.round(clock * 1000)
  const seconds = Math.floor(microseconds / 1e6)
  return { seconds, microseconds: microseconds - seconds * 1e6 }
}
