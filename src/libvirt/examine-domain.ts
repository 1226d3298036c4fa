// What a domain would do on a panic: devices, command line, traps, and each on_crash value tried out.

import { checkKnownOptions, type OptionNames } from '../common/check.js'
import { findMachineType, realMachineType } from '../machine/machine-types.js'
import { FIRST_WITH_PVPANIC, qemuRelease } from '../machine/qemu-releases.js'
import { newerVersionWarning } from '../machine/qemu-versions.js'
import { refusalOf } from './check-definition.js'
import { CRASH_ACTIONS, type CrashAction, checkIsDefinition, type DomainDefinition } from './domain-definition.js'
import type { Fallback } from './domain-options.js'
import { DomainError, type DomainEvent, type DomainState } from './domain-state.js'
import { domainWarnings } from './domain-warnings.js'
import { libvirtProfile } from './libvirt-version.js'
import { type OtherDevice, otherPanicDevices } from './other-devices.js'
import { qemuArguments } from './qemu-arguments.js'
import { type DevicePlace, type Outcome, runDomain } from './run-domain.js'

/** The QEMU that the domain would run in, and what may stand in its definition. */
export interface ExamineOptions {
  /** QEMU's version. The newest. */
  readonly qemu?: string
  /** libvirt's version, '9.0' or a later one. The newest known. */
  readonly libvirt?: string
  /** Tries on_crash=ignore too, and takes pc-1.5 for a machine type, as Bonzini's proposal of 2013 does. False. */
  readonly proposal2013?: boolean
  /** Instead of ignore where QEMU cannot let a panicked guest go on. 'destroy'. */
  readonly fallback?: Fallback
}

const EXAMINE_OPTIONS: OptionNames<ExamineOptions> = { qemu: true, libvirt: true, proposal2013: true, fallback: true }

/** What one on_crash value leads to. */
export interface CrashOutcome {
  readonly onCrash: CrashAction
  /** It is the definition's own. */
  readonly current: boolean
  /** 'guest policy': the guest's driver found no device, and nobody heard of the panic. */
  readonly action: Outcome['action']
  readonly state: DomainState
  readonly events: readonly DomainEvent[]
  /** The file that libvirt dumps the guest into, without its date; undefined: none. */
  readonly dumpFile: string | undefined
}

/** What a domain would do on a panic, and what is to be warned of. */
export interface Examination {
  readonly definition: DomainDefinition
  /** The versions that were assumed. */
  readonly libvirt: string
  readonly qemu: string
  /** The device's ports, first the one that the guest is told of; empty if the domain does not start. */
  readonly devices: readonly DevicePlace[]
  /** Panic devices that are not simulated here. If there is no other, the outcomes are those of a report by them. */
  readonly otherDevices: readonly OtherDevice[]
  readonly qemuArguments: readonly string[]
  /** libvirt's reason for refusing the definition, or QEMU's for not starting. */
  readonly startError: string | undefined
  readonly outcomes: readonly CrashOutcome[]
  readonly warnings: readonly string[]
}

/** The folder for dumps, unless qemu.conf names another. */
const DUMP_PATH = '/var/lib/libvirt/qemu/dump'
const DUMP_DATE = /\d{4}(-\d\d){3}(:\d\d){2}$/

/**
 * Tries a definition out, with a guest whose driver looks the port up and panics. Every dump succeeds.
 * @throws {OptionRangeError} for an unknown version, and for an architecture that is no PC's; {OptionTypeError} if
 *   `definition` is something else, such as XML, or for an unknown option.
 */
export function examineDomain(definition: DomainDefinition, options: ExamineOptions = {}): Examination {
  checkIsDefinition(definition)
  checkKnownOptions(options, EXAMINE_OPTIONS)
  const { qemu, proposal2013 = false } = options
  const libvirt = libvirtProfile(options.libvirt).version
  const release = qemuRelease(qemu)
  const machineType = proposal2013 ? realMachineType(definition.machineType) : definition.machineType
  const real = { ...definition, machineType }
  const warnings = domainWarnings(definition, { proposal2013 })
  const newer = newerVersionWarning(release)
  if (newer !== undefined) warnings.push(newer)
  const examination = {
    definition,
    libvirt,
    qemu: release.version,
    devices: [],
    otherDevices: otherPanicDevices(definition),
    qemuArguments: qemuArguments(real, { libvirt, qemu: release.version }),
    outcomes: [],
    warnings,
  }
  const refusal = refusalOf(real, qemu)
  if (refusal !== undefined) return { ...examination, startError: refusal.reason }
  const simulated = simulatedQemu(machineType, qemu)
  if (simulated.machineType !== machineType) {
    warnings.push(`machine type ${machineType || '(none)'} was tried out as ${simulated.machineType}`)
  }
  if (release.isBeforePvpanic) warnings.push(`QEMU has pvpanic since ${FIRST_WITH_PVPANIC}`)
  return { ...examination, ...tryOut(real, { ...options, ...simulated, libvirt }, warnings) }
}

type Tried = Pick<Examination, 'devices' | 'startError' | 'outcomes'>

function tryOut(
  definition: DomainDefinition,
  options: ExamineOptions & { readonly machineType: string },
  warnings: string[],
): Tried {
  const actions = CRASH_ACTIONS.filter((action) => {
    return action !== 'rename-restart' && (action !== 'ignore' || options.proposal2013 === true)
  })
  const outcomes: CrashOutcome[] = []
  let devices: readonly DevicePlace[] = []
  for (const onCrash of actions) {
    try {
      const outcome = runWith({ ...definition, onCrash }, options)
      devices = outcome.devices
      for (const warning of outcome.warnings) if (onCrash === definition.onCrash) warnings.push(warning)
      const { action, state, events, dumpFile } = outcome
      const path =
        dumpFile === undefined ? undefined : `${DUMP_PATH}/${dumpFile.replace(DUMP_DATE, 'YYYY-MM-DD-HH:MM:SS')}`
      outcomes.push({ onCrash, current: onCrash === definition.onCrash, action, state, events, dumpFile: path })
    } catch (error) {
      if (!(error instanceof DomainError)) throw error
      return { devices: [], startError: error.message, outcomes: [] }
    }
  }
  return { devices, startError: undefined, outcomes }
}

/** A device that is not simulated reports as the ISA device does; libvirt looks at nothing but the report. */
function runWith(definition: DomainDefinition, options: ExamineOptions & { readonly machineType: string }): Outcome {
  const outcome = runDomain(definition, options, { driver: 'firmware' })
  if (outcome.port !== undefined || otherPanicDevices(definition).length === 0) return outcome
  const standIn = runDomain({ ...definition, panics: [{ model: 'isa' }], qemuArguments: [] }, options, {
    driver: 'firmware',
  })
  return { ...standIn, devices: outcome.devices, port: undefined }
}

/** A machine type that has no profile, such as microvm, counts as a PC of that version. */
function simulatedQemu(machineType: string, qemu: string | undefined): { qemu?: string; machineType: string } {
  const known = findMachineType(qemu, machineType)?.isPc ? machineType : 'pc'
  if (qemu === undefined) return { machineType: known }
  // Without a pvpanic device, nothing tells a panic in 1.5.0's older machine types from one in an older QEMU.
  if (qemuRelease(qemu).isBeforePvpanic) {
    return { qemu: FIRST_WITH_PVPANIC, machineType: known === 'pc' ? 'pc-i440fx-1.4' : known }
  }
  return { qemu, machineType: known }
}
