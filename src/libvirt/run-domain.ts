// Runs a domain with a guest that panics in it, and tells what came of it.

import type { PvpanicSource } from '../machine/machine-state.js'
import { Domain } from './domain.js'
import type { CrashAction, DomainDefinition } from './domain-definition.js'
import type { DomainOptions } from './domain-options.js'
import type { DomainEvent, DomainState, MonitorEvent } from './domain-state.js'
import { runGuest, type ScriptedGuest } from './scripted-guest.js'

/** A pvpanic device's port, and who put the device there. */
export interface DevicePlace {
  readonly source: PvpanicSource
  readonly iobase: number
}

/** What became of a domain and its guest. */
export interface Outcome {
  /** The domain was not started at all. */
  readonly refused: boolean
  /** The pvpanic devices that the machine had, in order. */
  readonly devices: readonly DevicePlace[]
  /** Where the guest's driver wrote; undefined: it found no device, or has no driver. */
  readonly port: number | undefined
  /** Panics that came over the monitor. */
  readonly reported: number
  /** What was done about the panic; 'guest policy': nobody but the guest knew of it. */
  readonly action: CrashAction | 'guest policy' | 'refused'
  /** The guest still ran after its panic and rebooted by itself. */
  readonly rebootedItself: boolean
  readonly state: DomainState
  readonly events: readonly DomainEvent[]
  readonly monitor: readonly MonitorEvent[]
  /** The file that was dumped into; undefined: none. */
  readonly dumpFile: string | undefined
  /** What libvirt would log. */
  readonly warnings: readonly string[]
}

/** Starts a domain, whose dumps succeed, and runs a guest in it. */
export function runDomain(
  definition: DomainDefinition,
  options: Omit<DomainOptions, 'dump' | 'onWarning'>,
  guest: ScriptedGuest,
): Outcome {
  const events: DomainEvent[] = []
  const monitor: MonitorEvent[] = []
  const warnings: string[] = []
  let dumpFile: string | undefined
  const dump = (file: string) => {
    dumpFile = file
  }
  const domain = new Domain(definition, { ...options, dump, onWarning: (text) => warnings.push(text) })
  domain.on((event) => events.push(event))
  domain.onMonitor((event) => monitor.push(event))
  const machine = domain.start()
  const devices = machine.pvpanics.map(({ source, iobase }) => ({ source, iobase }))
  const run = runGuest(guest, machine)
  const reported = monitor.filter(({ event }) => event === 'GUEST_PANICKED').length
  const action = reported === 0 ? 'guest policy' : actionSeen(domain.state, monitor, dumpFile !== undefined)
  return { refused: false, devices, ...run, reported, action, state: domain.state, events, monitor, dumpFile, warnings }
}

/** What was done, by its effects. */
function actionSeen({ state }: DomainState, monitor: readonly MonitorEvent[], dumped: boolean): CrashAction {
  if (state === 'crashed') return 'preserve'
  if (state === 'shut off') return dumped ? 'coredump-destroy' : 'destroy'
  // QEMU before 2.10 does not say whose reset it was.
  const reset = monitor.some((told) => told.event === 'RESET' && told.data?.guest !== true)
  if (!reset) return 'ignore'
  return dumped ? 'coredump-restart' : 'restart'
}
