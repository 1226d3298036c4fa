// What a domain would do on a panic: devices, command line, traps, and each on_crash value tried out.

import { qemuProfile } from '../machine/qemu-versions.js'
import { CRASH_ACTIONS, type CrashAction, type DomainDefinition } from './domain-definition.js'
import { DomainError, type DomainEvent, type DomainState } from './domain-state.js'
import { domainWarnings } from './domain-warnings.js'
import type { PlannedDevice } from './plan-panic-notifier.js'
import { qemuArguments } from './qemu-arguments.js'
import { type Outcome, runDomain } from './simulate.js'

/** What one on_crash value leads to. */
export interface CrashOutcome {
  readonly onCrash: CrashAction
  /** It is the definition's own. */
  readonly current: boolean
  /** 'guest policy': the guest's driver found no device, and nobody heard of the panic. */
  readonly action: Outcome['action']
  readonly state: DomainState
  readonly events: readonly DomainEvent[]
}

export interface Examination {
  readonly definition: DomainDefinition
  /** The device's ports, first the one that the guest is told of; empty if the domain does not start. */
  readonly devices: readonly PlannedDevice[]
  readonly qemuArguments: readonly string[]
  /** QEMU's reason for not starting. */
  readonly startError: string | undefined
  readonly outcomes: readonly CrashOutcome[]
  readonly warnings: readonly string[]
}

/**
 * Tries a definition out, with a guest whose driver looks the port up and panics. Every dump succeeds.
 * @param qemu version; the newest unless given.
 */
export function examineDomain(definition: DomainDefinition, qemu?: string): Examination {
  const warnings = domainWarnings(definition)
  const machineType = knownMachineType(definition.machineType, qemu)
  if (machineType !== definition.machineType) {
    warnings.push(`machine type ${definition.machineType || '(none)'} was tried out as ${machineType}`)
  }
  const options = { machineType, ...(qemu === undefined ? {} : { qemu }) }
  const outcomes: CrashOutcome[] = []
  let devices: readonly PlannedDevice[] = []
  let startError: string | undefined
  for (const onCrash of CRASH_ACTIONS) {
    if (onCrash === 'rename-restart') continue
    try {
      const outcome = runDomain({ ...definition, onCrash }, options, { driver: 'firmware' })
      devices = outcome.devices
      const { action, state, events } = outcome
      outcomes.push({ onCrash, current: onCrash === definition.onCrash, action, state, events })
    } catch (error) {
      if (!(error instanceof DomainError)) throw error
      startError = error.message
    }
  }
  return { definition, devices, qemuArguments: qemuArguments(definition), startError, outcomes, warnings }
}

/** A machine type that has no profile, such as microvm, counts as a PC of that version. */
function knownMachineType(machineType: string, qemu: string | undefined): string {
  try {
    qemuProfile(qemu)
    return qemuProfile(qemu, machineType === '' ? 'pc' : machineType).machineType === '' ? 'pc' : machineType || 'pc'
  } catch (error) {
    if (!(error instanceof RangeError) || !error.message.startsWith('machineType')) throw error
    return 'pc'
  }
}
