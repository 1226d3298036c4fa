// Executes a plan: a Domain as it describes it, a guest that panics in it, and what came of it.

import { domainDefinition } from '../libvirt/domain-definition.js'
import { type Outcome, runDomain } from '../libvirt/run-domain.js'
import type { ScriptedGuest } from '../libvirt/scripted-guest.js'
import type { Plan } from './plan-panic-notifier.js'

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
      proposal2013: true,
      clock: () => 0,
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
  dumpFile: undefined,
  warnings: [],
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
    ['shadowsPortZero', plan.shadowsPortZero, dma.reported > 0],
  ]
  if (onCrash === 'ignore' && plan.ignore !== 'unavailable' && plan.ignore !== 'refused') {
    compared.push(['ignore', whenIgnored[plan.ignore], fixed.action])
  }
  return compared
    .map(([field, planned, found]) => [field, JSON.stringify(planned), JSON.stringify(found)])
    .filter(([, planned, found]) => planned !== found)
    .map(([field, planned, found]) => `${field}: planned ${planned}, found ${found}`)
}
