// Executes a plan: a Domain as it describes it, a guest that panics in it, and what came of it.

import { Domain } from './domain.js'
import { type CrashAction, type DomainDefinition, domainDefinition } from './domain-definition.js'
import type { DomainOptions } from './domain-options.js'
import type { DomainEvent, DomainState, MonitorEvent } from './domain-state.js'
import type { Plan, PlannedDevice } from './plan-panic-notifier.js'
import { runGuest, type ScriptedGuest } from './scripted-guest.js'

export interface Outcome {
  /** The domain was not started at all. */
  readonly refused: boolean
  /** The pvpanic devices that the machine had, in order. */
  readonly devices: readonly PlannedDevice[]
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
}

/** Runs a guest under a plan, in a domain of its own. */
export function simulate(plan: Plan, guest: ScriptedGuest): Outcome {
  if (plan.effectiveAction === 'refused') return REFUSED
  return runDomain(
    domainDefinition({ onCrash: plan.input.onCrash, panicNotifier: plan.input.element }),
    {
      ...plan.qemu.standIn,
      arguments: ['-no-shutdown', ...plan.qemuArguments],
      portProperties: ['iobase'],
      typeName: plan.typeName,
      fallback: plan.input.fallback,
    },
    guest,
  )
}

const REFUSED: Outcome = {
  refused: true,
  devices: [],
  port: undefined,
  reported: 0,
  action: 'refused',
  rebootedItself: false,
  state: { state: 'shut off', reason: 'unknown' },
  events: [],
  monitor: [],
}

/** Starts a domain, whose dumps succeed, and runs a guest in it. */
export function runDomain(
  definition: DomainDefinition,
  options: Omit<DomainOptions, 'dump'>,
  guest: ScriptedGuest,
): Outcome {
  const events: DomainEvent[] = []
  const monitor: MonitorEvent[] = []
  let dumps = 0
  const dump = () => {
    dumps++
  }
  const domain = new Domain(definition, { onWarning: () => {}, ...options, dump })
  domain.on((event) => events.push(event))
  domain.onMonitor((event) => monitor.push(event))
  const machine = domain.start()
  const devices = machine.pvpanics.map(({ source, iobase }) => ({ source, iobase }))
  const run = runGuest(guest, machine)
  const reported = monitor.filter(({ event }) => event === 'GUEST_PANICKED').length
  const action = reported === 0 ? 'guest policy' : actionSeen(domain.state, monitor, dumps)
  return { refused: false, devices, ...run, reported, action, state: domain.state, events, monitor }
}

/** What was done, by its effects. */
function actionSeen({ state }: DomainState, monitor: readonly MonitorEvent[], dumps: number): CrashAction {
  if (state === 'crashed') return 'preserve'
  if (state === 'shut off') return dumps > 0 ? 'coredump-destroy' : 'destroy'
  const reset = monitor.some(({ event, data }) => event === 'RESET' && data?.reason === 'host-qmp-system-reset')
  if (!reset) return 'ignore'
  return dumps > 0 ? 'coredump-restart' : 'restart'
}

/**
 * Executes a plan with four guests and says in what the machine did otherwise than planned; nothing, if all is right:
 * a guest with a driver as Linux has it and reboot-on-panic, the same without, one that writes 0x505 unasked, and one
 * without a driver that uses DMA channel 0.
 */
export function disagreements(plan: Plan): string[] {
  const driver = simulate(plan, { driver: 'firmware' })
  const rebooting = simulate(plan, { driver: 'firmware', rebootOnPanic: true })
  const fixed = simulate(plan, { driver: 'fixed port' })
  const dma = simulate(plan, { driver: 'none', usesDma: true })
  const refused = plan.effectiveAction === 'refused'
  const shadowed = plan.devices.some(({ iobase }) => iobase === 0)
  const { onCrash, fallback } = plan.input
  const whenIgnored = {
    obeyed: 'ignore',
    fallback,
    'guest policy': 'guest policy',
    'no device': 'guest policy',
  } as const
  const compared: [string, unknown, unknown][] = [
    ['devices', plan.devices, driver.devices],
    ['effectiveAction', plan.effectiveAction, driver.action],
    ['driverFindsDevice', plan.driverFindsDevice, driver.port !== undefined],
    ['mayOverrideGuestReboot', plan.mayOverrideGuestReboot, !refused && !rebooting.rebootedItself],
    ['onCrashObeyed', plan.onCrashObeyed, fixed.action === onCrash],
    ['panics by writes to port 0', shadowed, dma.reported > 0],
  ]
  if (onCrash === 'ignore' && plan.ignore !== 'unavailable') {
    compared.push(['ignore', whenIgnored[plan.ignore], fixed.action])
  }
  return compared
    .map(([field, planned, found]) => [field, JSON.stringify(planned), JSON.stringify(found)])
    .filter(([, planned, found]) => planned !== found)
    .map(([field, planned, found]) => `${field}: planned ${planned}, found ${found}`)
}
