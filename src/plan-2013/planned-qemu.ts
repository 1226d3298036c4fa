// QEMU's versions as the proposal of 2013 planned them, and the real ones that behave so.

import { isBefore, parseVersion, type Version } from '../common/version.js'

/** A range of versions that the proposal treats alike. */
export interface PlannedRange {
  readonly name: string
  /** The first version in it. */
  readonly first: string
  readonly device: boolean
  /** The machine type pc-1.5 has the device built in. */
  readonly builtin: boolean
  /** A panicked guest can go on after `cont`. */
  readonly reversible: boolean
}

/** The proposal's ranges, oldest first. 1.5.4 was never made, and 1.6.1 kept the builtin device: see QEMU_HISTORY. */
export const PLANNED_RANGES = [
  { name: '<1.5', first: '0.0', device: false, builtin: false, reversible: false },
  { name: '1.5.0-3', first: '1.5.0', device: true, builtin: true, reversible: false },
  { name: '1.5.4', first: '1.5.4', device: true, builtin: false, reversible: false },
  { name: '1.6.0', first: '1.6.0', device: true, builtin: true, reversible: false },
  { name: '1.6.1', first: '1.6.1', device: true, builtin: false, reversible: false },
  { name: '>1.6.1', first: '1.6.2', device: true, builtin: false, reversible: true },
] as const satisfies readonly PlannedRange[]

/** A QEMU as planned: its range, and a real QEMU and machine type that behaves like it. */
export interface PlannedQemu {
  readonly range: PlannedRange
  /** The domain's machine type has the builtin device. */
  readonly builtin: boolean
  /** The proposal takes the builtin device away from this machine type, which had it in an earlier release of the series. */
  readonly lostBuiltin: boolean
  readonly standIn: { readonly qemu: string; readonly machineType: string }
}

/** Names of the 1.5 machine types; the proposal says pc-1.5. */
const MACHINE_TYPES_1_5 = ['pc-1.5', 'pc-i440fx-1.5', 'pc-q35-1.5']
const ALIASES = ['pc', 'q35']

/**
 * @param version such as '1.5.3' or '7.2'.
 * @param builtinEverywhere 1.5.0 to 1.5.3 have the device in every machine type, as the proposal can be read.
 * @throws {OptionRangeError} if it is no version number.
 */
export function plannedQemu(version: string, machineType: string, builtinEverywhere = false): PlannedQemu {
  const parsed = parseVersion('qemu', version)
  const range =
    PLANNED_RANGES.findLast(({ first }) => !isBefore(parsed, parseVersion('qemu', first))) ?? PLANNED_RANGES[0]
  const is15 = parsed.slice(0, 2).join('.') === '1.5'
  const has15 =
    MACHINE_TYPES_1_5.includes(machineType) || (is15 && (builtinEverywhere || ALIASES.includes(machineType)))
  const builtin = range.builtin && has15
  const lostBuiltin = has15 && range.device && !range.builtin && !range.reversible
  return { range, builtin, lostBuiltin, standIn: standInFor(range, builtin, parsed, version) }
}

function standInFor(range: PlannedRange, builtin: boolean, parsed: Version, version: string) {
  if (builtin) return { qemu: version, machineType: 'pc-i440fx-1.5' }
  // 1.6.0 with its own machine type has the device, has it not built in, and refuses cont.
  if (!range.reversible) return { qemu: '1.6.0', machineType: 'pc-i440fx-1.6' }
  return { qemu: isBefore(parsed, [1, 7]) ? '1.7.0' : version, machineType: 'pc' }
}
