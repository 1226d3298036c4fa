// The proposal's three options as decisions: what libvirt does for one QEMU, machine type, option and domain.

import { checkOneOf, OptionRangeError } from '../common/check.js'
import { PVPANIC_DEFAULT_IOBASE } from '../devices/pvpanic.js'
import { CRASH_ACTIONS, type CrashAction } from '../libvirt/domain-definition.js'
import { FALLBACKS, type Fallback } from '../libvirt/domain-options.js'
import type { DevicePlace } from '../libvirt/run-domain.js'
import { ambiguous, type Basis, inferred, stated } from './basis.js'
import { type Detected, detectMarker, MARKERS, type Marker } from './detection.js'
import { plannedMonitor } from './planned-machine.js'
import { type PlannedQemu, plannedQemu } from './planned-qemu.js'
import { CHOSEN_READINGS, type Readings } from './proposal.js'

/** What on_crash can be here: libvirt's QEMU driver refuses rename-restart. */
export const PLANNED_ACTIONS = CRASH_ACTIONS.filter((action) => action !== 'rename-restart')
/** The options of the proposal. */
export const OPTIONS = ['1', '2a', '2b'] as const
/** One of the options of the proposal. */
export type PlanOption = (typeof OPTIONS)[number]
/** 'A': current functionality. 'B': on_crash=ignore exists, and a QEMU marks that a panicked guest can go on. */
export const STAGES = ['A', 'B'] as const
/** The stage of the proposal that is carried out. */
export type Stage = (typeof STAGES)[number]
/** The situation that is asked about. */
export interface PlanInput {
  /** QEMU version, such as '1.5.3', '1.5.4' (planned, never made) or '7.2'. */
  readonly qemu: string
  /** 'pc-1.5', 'pc-i440fx-1.5', 'pc', ... */
  readonly machineType: string
  readonly option: PlanOption
  /** `<panic-notifier/>` is in the domain's XML. */
  readonly element: boolean
  /** 'destroy'. */
  readonly onCrash?: CrashAction
  /** Instead of 'ignore' where that cannot be; the proposal names no winner. 'destroy'. */
  readonly fallback?: Fallback
  /** 'B'. */
  readonly stage?: Stage
  /** For option 2b. 'renamed device', which the proposal prefers. */
  readonly marker?: Marker
  readonly readings?: Partial<Readings>
}

/** What is decided, field by field. */
export interface Decisions {
  /** The pvpanic devices of the machine; the first is what the firmware tells the guest of. */
  readonly devices: readonly DevicePlace[]
  readonly qemuArguments: readonly string[]
  /** The element may be written. */
  readonly elementAvailable: boolean
  /** `virsh capabilities` tells of it. */
  readonly capabilityExposed: boolean
  /** A panic that reaches the device at port 0x505 leads to what on_crash says. */
  readonly onCrashObeyed: boolean
  /** A guest's driver finds the device: the fw_cfg file tells a port other than 0. */
  readonly driverFindsDevice: boolean
  /** The guest's writes to port 0 go to a pvpanic device instead of the DMA controller. */
  readonly shadowsPortZero: boolean
  /** With such a driver, the manager's action comes before the guest's own reboot-on-panic. */
  readonly mayOverrideGuestReboot: boolean
  /** What on_crash=ignore comes to here, whatever on_crash is. */
  readonly ignore: 'obeyed' | 'fallback' | 'guest policy' | 'no device' | 'unavailable' | 'refused'
  /** What follows a panic of a guest whose driver looks the port up; 'refused': the domain is not started. */
  readonly effectiveAction: CrashAction | 'guest policy' | 'refused'
  readonly libosinfoAddsElement: boolean
}

export interface Plan extends Decisions {
  readonly input: Required<Omit<PlanInput, 'readings'>> & { readonly readings: Readings }
  readonly qemu: PlannedQemu
  /** The device's type name. */
  readonly typeName: string
  readonly basis: { readonly [Field in keyof Decisions]: Basis }
}

/** What was detected, by range, stage and marker: nothing else decides over it. */
const detected = new Map<string, Detected>()

function detect({ range }: PlannedQemu, stage: Stage, marker: Marker): Detected {
  const key = [range.name, stage, marker].join()
  const known = detected.get(key)
  if (known !== undefined) return known
  const monitor = range.device ? plannedMonitor({ qemu: range.first, stage, marker }) : undefined
  const found = detectMarker(monitor, marker)
  detected.set(key, found)
  return found
}

/** A decision with its reason. */
type Reasoned<Value> = readonly [Value, Basis]

interface Situation {
  readonly input: Plan['input']
  readonly qemu: PlannedQemu
  /** Option 2b: the QEMU carries the marker. */
  readonly marked: boolean
  readonly typeName: string
}

/**
 * What libvirt would do under one of the proposal's options.
 * @throws {OptionRangeError} for an unknown option, action, fallback, stage or marker, a bad version, or `ignore` in stage A.
 */
export function planPanicNotifier(planInput: PlanInput): Plan {
  const input = complete(planInput)
  const qemu = plannedQemu(input.qemu, input.machineType, input.readings.N1 === 'every machine type')
  const { option, stage, marker } = input
  // The manager asks the QEMU. Under options 1 and 2a there is no marker to ask for.
  const { typeName = 'pvpanic', marked } =
    option === '2b' ? detect(qemu, stage, marker) : { typeName: 'pvpanic', marked: false }
  const situation: Situation = { input, qemu, marked, typeName }

  const available = elementAvailability(situation)
  const refused = input.element && !available[0] && input.readings.N4 === 'refuse'
  const element = input.element && available[0]
  const [devices, qemuArguments, devicesBasis] = planDevices(situation, element)
  const port505 = devices.some(({ iobase }) => iobase === PVPANIC_DEFAULT_IOBASE)
  const capability = capabilityExposure(situation, available)
  const ignore = planIgnore(situation, devices, available[0])
  const finds = driverFinds(devices)
  const obeyed = obedience(situation, port505, ignore[0])
  const effective = effectiveAction(input, { refused, finds: finds[0], ignore: ignore[0] })
  const osinfo = libosinfo(situation, capability)
  const shadows = portZero(devices)
  const mayOverride = finds[0] && effective[0] !== 'ignore' && !refused
  const unlessRefused = (basis: Basis): Basis => (refused ? ambiguous('N4', input.readings.N4) : basis)
  return {
    input,
    qemu,
    typeName: situation.typeName,
    devices: refused ? [] : devices,
    qemuArguments: refused ? [] : qemuArguments,
    elementAvailable: available[0],
    capabilityExposed: capability[0],
    onCrashObeyed: obeyed[0] && !refused,
    driverFindsDevice: finds[0] && !refused,
    shadowsPortZero: shadows[0] && !refused,
    mayOverrideGuestReboot: mayOverride,
    ignore: refused ? 'refused' : ignore[0],
    effectiveAction: effective[0],
    libosinfoAddsElement: osinfo[0],
    basis: {
      devices: unlessRefused(devicesBasis),
      qemuArguments: unlessRefused(devicesBasis),
      elementAvailable: available[1],
      capabilityExposed: capability[1],
      onCrashObeyed: unlessRefused(obeyed[1]),
      driverFindsDevice: unlessRefused(finds[1]),
      shadowsPortZero: unlessRefused(shadows[1]),
      mayOverrideGuestReboot: unlessRefused(overrideBasis(situation, mayOverride)),
      ignore: unlessRefused(ignore[1]),
      effectiveAction: effective[1],
      libosinfoAddsElement: osinfo[1],
    },
  }
}

function complete(input: PlanInput): Plan['input'] {
  const { onCrash = 'destroy', fallback = 'destroy', stage = 'B', marker = 'renamed device', readings = {} } = input
  checkOneOf('onCrash', onCrash, PLANNED_ACTIONS)
  if (onCrash === 'ignore' && stage === 'A') throw new OptionRangeError('onCrash', "'ignore' exists in stage B only")
  return {
    qemu: input.qemu,
    machineType: input.machineType,
    option: checkOneOf('option', input.option, OPTIONS),
    element: input.element,
    onCrash,
    fallback: checkOneOf('fallback', fallback, FALLBACKS),
    stage: checkOneOf('stage', stage, STAGES),
    marker: checkOneOf('marker', marker, MARKERS),
    readings: { ...CHOSEN_READINGS, ...readings },
  }
}

function elementAvailability({ input, qemu, marked }: Situation): Reasoned<boolean> {
  if (!qemu.range.device) return [false, inferred('this QEMU has no pvpanic device')]
  if (input.option !== '2b') return [true, stated('capability')]
  if (input.stage === 'A') return [true, stated('option2b')]
  return [marked, stated('ignore2b')]
}

function capabilityExposure({ input, qemu }: Situation, [available]: Reasoned<boolean>): Reasoned<boolean> {
  if (!available) {
    return [false, qemu.range.device ? stated('ignore2b') : inferred('this QEMU has no pvpanic device')]
  }
  if (qemu.range.reversible || input.stage === 'A') return [true, stated('capability')]
  if (input.option === '1') return [input.readings.N8 === 'yes', ambiguous('N8', input.readings.N8)]
  return [true, stated('capability2a')]
}

const NEUTRALISED = ['-global', 'pvpanic.iobase=0']
const DEVICE: DevicePlace = { source: 'device', iobase: PVPANIC_DEFAULT_IOBASE }

function planDevices(situation: Situation, element: boolean): readonly [DevicePlace[], string[], Basis] {
  const { input, qemu, marked, typeName } = situation
  const builtinAt = (iobase: number): DevicePlace[] => (qemu.builtin ? [{ source: 'builtin', iobase }] : [])
  const created = element ? [DEVICE] : []
  if (!qemu.range.device) {
    const literal = input.option === '2a' && input.readings.N2 === 'yes'
    return [[], literal ? NEUTRALISED : [], ambiguous('N2', input.readings.N2)]
  }
  switch (input.option) {
    case '1':
      if (qemu.builtin) {
        return [builtinAt(PVPANIC_DEFAULT_IOBASE), [], element ? ambiguous('N3') : stated('option1Always')]
      }
      if (element) return [created, ['-device', typeName], ambiguous('N3')]
      return [created, [], stated(qemu.lostBuiltin ? 'removal' : 'option1Element')]
    case '2a': {
      const device = element ? ['-device', `${typeName},iobase=0x505`] : []
      return [[...builtinAt(0), ...created], [...NEUTRALISED, ...device], stated('option2a')]
    }
    case '2b': {
      if (!marked && !element) return [builtinAt(0), NEUTRALISED, stated('option2b')]
      if (element) {
        const beside = builtinAt(PVPANIC_DEFAULT_IOBASE)
        return [[...beside, DEVICE], ['-device', typeName], stated('option2b')]
      }
      if (input.readings.N5 === 'always') return [[DEVICE], ['-device', typeName], ambiguous('N5', 'always')]
      return [[], [], ambiguous('N6')]
    }
  }
}

function driverFinds([first]: readonly DevicePlace[]): Reasoned<boolean> {
  if (first === undefined) return [false, inferred('there is no device')]
  if (first.iobase !== 0) return [true, inferred('the fw_cfg file etc/pvpanic-port tells the port')]
  return [false, inferred('the first device owns the fw_cfg file; it tells port 0, and ACPI hides the device then')]
}

function portZero(devices: readonly DevicePlace[]): Reasoned<boolean> {
  if (devices.some(({ iobase }) => iobase === 0)) return [true, stated('portZero')]
  return [false, inferred('no device is at port 0')]
}

function planIgnore(
  { input, qemu }: Situation,
  devices: readonly DevicePlace[],
  available: boolean,
): Reasoned<Decisions['ignore']> {
  if (input.stage === 'A') return ['unavailable', inferred('ignore exists in stage B only')]
  if (!available) {
    if (input.element) {
      return ['unavailable', qemu.range.device ? stated('ignore2b') : inferred('this QEMU has no pvpanic device')]
    }
    if (qemu.range.device) return ['guest policy', stated('ignore2b')]
  }
  const reachable = devices.some(({ iobase }) => iobase === PVPANIC_DEFAULT_IOBASE)
  if (!reachable) {
    if (devices.length > 0) return ['guest policy', stated('option2')]
    return ['no device', input.option === '1' && qemu.range.device ? ambiguous('N7') : inferred('there is no device')]
  }
  if (qemu.range.reversible) return ['obeyed', stated('fourthMode')]
  return ['fallback', stated(input.option === '1' ? 'ignore1' : 'ignore2a')]
}

function obedience({ input, qemu }: Situation, port505: boolean, ignore: Decisions['ignore']): Reasoned<boolean> {
  if (input.onCrash === 'ignore' && ignore === 'fallback') {
    return [false, stated(input.option === '1' ? 'ignore1' : 'ignore2a')]
  }
  if (input.option !== '1') return [port505, stated('option2')]
  if (qemu.builtin) return [port505, stated('option1Always')]
  return [port505, stated('option1Element')]
}

function effectiveAction(
  { onCrash, fallback, readings }: Plan['input'],
  { refused, finds, ignore }: { refused: boolean; finds: boolean; ignore: Decisions['ignore'] },
): Reasoned<Decisions['effectiveAction']> {
  if (refused) return ['refused', ambiguous('N4', readings.N4)]
  if (!finds) return ['guest policy', inferred('the driver finds no device, so no panic is reported')]
  if (onCrash === 'ignore' && ignore === 'fallback') return [fallback, inferred('the fallback that was asked for')]
  return [onCrash, inferred('the driver reports the panic, and on_crash decides')]
}

function overrideBasis({ input, qemu }: Situation, mayOverride: boolean): Basis {
  if (mayOverride && input.option === '1' && qemu.builtin) return stated('option1Always')
  return ambiguous('N13')
}

function libosinfo({ input, marked }: Situation, [exposed]: Reasoned<boolean>): Reasoned<boolean> {
  if (input.stage === 'A') return [false, stated('fourthMode')]
  if (input.option === '2b') return [exposed, marked ? stated('fourthMode') : stated('ignore2b')]
  if (input.option === '2a') return [exposed, exposed ? stated('capability2a') : inferred('the capability is missing')]
  return [exposed, ambiguous('N8', input.readings.N8)]
}
