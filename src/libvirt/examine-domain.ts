// What a domain would do on a panic: devices, command line, traps, and each on_crash value tried out.

import { findMachineType } from '../machine/machine-types.js'
import { FIRST_WITH_PVPANIC, qemuRelease } from '../machine/qemu-releases.js'
import { emulatorRefusal } from './check-emulator.js'
import { CRASH_ACTIONS, type CrashAction, checkIsDefinition, type DomainDefinition } from './domain-definition.js'
import { DomainError, type DomainEvent, type DomainState } from './domain-state.js'
import { domainWarnings } from './domain-warnings.js'
import { qemuArguments } from './qemu-arguments.js'
import { type DevicePlace, type Outcome, runDomain } from './run-domain.js'

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
  readonly devices: readonly DevicePlace[]
  readonly qemuArguments: readonly string[]
  /** libvirt's reason for refusing the definition, or QEMU's for not starting. */
  readonly startError: string | undefined
  readonly outcomes: readonly CrashOutcome[]
  readonly warnings: readonly string[]
}

/**
 * Tries a definition out, with a guest whose driver looks the port up and panics. Every dump succeeds.
 * @param qemu version; the newest unless given.
 * @throws {RangeError} for an unknown QEMU version, and for an architecture that is no PC's; {TypeError} if `definition`
 *   is something else, such as XML.
 */
export function examineDomain(definition: DomainDefinition, qemu?: string): Examination {
  checkIsDefinition(definition)
  qemuRelease(qemu) // refuses an unknown version
  const warnings = domainWarnings(definition)
  const refusal = emulatorRefusal(definition, qemu)
  if (refusal !== undefined) {
    const command = qemuArguments(definition)
    return { definition, devices: [], qemuArguments: command, startError: refusal, outcomes: [], warnings }
  }
  const options = simulatedQemu(definition.machineType, qemu)
  if (options.machineType !== definition.machineType) {
    warnings.push(`machine type ${definition.machineType || '(none)'} was tried out as ${options.machineType}`)
  }
  if (qemu !== undefined && options.qemu !== qemu) warnings.push(`QEMU has pvpanic since ${FIRST_WITH_PVPANIC}`)
  const outcomes: CrashOutcome[] = []
  let devices: readonly DevicePlace[] = []
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
function simulatedQemu(machineType: string, qemu: string | undefined): { qemu?: string; machineType: string } {
  const known = findMachineType(qemu, machineType)?.isPc ? machineType : 'pc'
  if (qemu === undefined) return { machineType: known }
  // Without a pvpanic device, nothing tells a panic in 1.5.0's older machine types from one in an older QEMU.
  if (qemuRelease(qemu).isBeforePvpanic)
    return { qemu: FIRST_WITH_PVPANIC, machineType: known === 'pc' ? 'pc-i440fx-1.4' : known }
  return { qemu, machineType: known }
}
