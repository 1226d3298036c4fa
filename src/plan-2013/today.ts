// "Will on_crash be obeyed here?" for real versions of QEMU and libvirt, answered by running them as they were.

import { isBefore, parseVersion } from '../common/version.js'
import { PVPANIC_DEFAULT_IOBASE } from '../devices/pvpanic.js'
import { domainDefinition, type LifecycleAction } from '../libvirt/domain-definition.js'
import { type DevicePlace, type Outcome, runDomain } from '../libvirt/run-domain.js'
import { checkMachineType } from '../machine/machine-types.js'
import { FIRST_WITH_PVPANIC, qemuRelease } from '../machine/qemu-releases.js'
import { qemuProfile } from '../machine/qemu-versions.js'
import { LIBVIRT_HISTORY, type LibvirtFact } from './libvirt-history.js'

/** A situation with real versions of QEMU and libvirt. */
export interface TodayInput {
  /** A real version, '1.5.0' to '11.1', or one before pvpanic. */
  readonly qemu: string
  /** '9.0.0', or 1.2.1 beside a QEMU of that time. */
  readonly libvirt?: string
  /** 'pc'. */
  readonly machineType?: string
  /** `<panic model='isa'/>` is in the domain's XML. */
  readonly element: boolean
  /** 'destroy'. */
  readonly onCrash?: Exclude<LifecycleAction, 'rename-restart'>
}

/** What really happens in such a situation. */
export interface TodayAnswer {
  readonly devices: readonly DevicePlace[]
  /** libvirt knows the element, and this QEMU the device. Otherwise libvirt drops it or refuses it. */
  readonly elementAvailable: boolean
  /** A guest with a driver panics: on_crash is done. */
  readonly onCrashObeyed: boolean
  /** With such a guest, on_crash comes before its own reboot. */
  readonly overridesGuestReboot: boolean
  /** `virsh resume` lets a preserved guest go on. */
  readonly reversible: boolean
  /** What was done about the panic. */
  readonly effectiveAction: Outcome['action']
  /** What decides it, a sentence each. */
  readonly reasons: readonly string[]
}

/**
 * The proposal's question for a host as it really is or was. The guest is one with a driver that looks the port up.
 * @throws {OptionRangeError} for a version or machine type that never was, with the known ones.
 */
export function answerToday(input: TodayInput): TodayAnswer {
  const { libvirt = libvirtBeside(input.qemu), machineType = 'pc', element, onCrash = 'destroy' } = input
  const has = (fact: LibvirtFact) => !isBefore(parseVersion('libvirt', libvirt), parseVersion('', fact.since))
  const handlesPanics = has(LIBVIRT_HISTORY.panickedEvent)
  const knowsElement = has(LIBVIRT_HISTORY.panicElement)
  checkMachineType(input.qemu, machineType)
  if (qemuRelease(input.qemu).isBeforePvpanic) {
    const effectiveAction = element && knowsElement ? 'refused' : 'guest policy'
    return { ...NOTHING, effectiveAction, reasons: [`QEMU has pvpanic since ${FIRST_WITH_PVPANIC}`] }
  }
  const qemu = qemuProfile(input.qemu, machineType)
  const qemuArguments = element && knowsElement ? ['-device', `pvpanic,ioport=${PVPANIC_DEFAULT_IOBASE}`] : []
  const definition = domainDefinition({ machineType, onCrash })
  const options = { qemu: input.qemu, arguments: ['-no-shutdown', ...qemuArguments] }
  const outcome = runDomain(definition, options, { driver: 'firmware', rebootOnPanic: true })
  const reported = outcome.reported > 0
  return {
    devices: outcome.devices,
    elementAvailable: knowsElement,
    onCrashObeyed: handlesPanics && outcome.action === onCrash,
    // Even a libvirt that does not know the event has its QEMU stopped by the panic.
    overridesGuestReboot: reported && !outcome.rebootedItself,
    reversible: reported && !qemu.panicIsFinal,
    effectiveAction: reported && !handlesPanics ? 'preserve' : outcome.action,
    reasons: [
      ...(qemu.builtinPvpanic ? [`${qemu.machineType} has the device built in, with or without the element`] : []),
      ...(element && !knowsElement ? ['libvirt knows <panic> since 1.2.1; an older one drops it'] : []),
      ...(element || qemu.builtinPvpanic ? [] : ['without the element there is no device']),
      ...(handlesPanics || !reported ? [] : ['libvirt acts on panics since 1.1.1; QEMU alone stops the guest']),
      ...(reported && qemu.panicIsFinal ? ['before QEMU 1.7.0 a panicked guest needs a reset'] : []),
    ],
  }
}

/** The libvirt that is taken unless one is named: 1.2.1 is the first with `<panic>`. */
export function libvirtBeside(qemu: string): string {
  return isBefore(parseVersion('qemu', qemu), [4, 2]) ? '1.2.1' : '9.0.0'
}

const NOTHING: Omit<TodayAnswer, 'reasons'> = {
  devices: [],
  elementAvailable: false,
  onCrashObeyed: false,
  overridesGuestReboot: false,
  reversible: false,
  effectiveAction: 'guest policy',
}
