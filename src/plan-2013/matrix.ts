// The proposal's table, row by row and executed; and the same questions for real versions.

import { OptionRangeError } from '../common/check.js'
import type { CrashAction } from '../libvirt/domain-definition.js'
import type { Fallback } from '../libvirt/domain-options.js'
import { checkMachineType, hasMachineType, realMachineType } from '../machine/machine-types.js'
import { QEMU_SERIES } from '../machine/qemu-releases.js'
import { OPTIONS, type Plan, type PlanOption, planPanicNotifier, type Stage } from './plan-panic-notifier.js'
import { PLANNED_RANGES } from './planned-qemu.js'
import { disagreements } from './simulate.js'
import { answerToday, libvirtBeside, type TodayAnswer, type TodayInput } from './today.js'

/** The rows that are asked for. */
export interface MatrixFilter {
  /** A version. All of the proposal's ranges. */
  readonly qemu?: string
  /** A machine type. Both kinds: pc-1.5, and any other. */
  readonly machineType?: string
  readonly option?: PlanOption
  /** 'destroy'. */
  readonly onCrash?: CrashAction
  /** 'destroy'. */
  readonly fallback?: Fallback
  /** 'B'. */
  readonly stage?: Stage
}

/** A row of the table of the options 1, 2a and 2b, executed. */
export interface MatrixRow {
  /** The version asked for, or the name of a range. */
  readonly qemu: string
  /** 'any': the row holds for both kinds. */
  readonly machineType: string
  readonly plan: Plan
  /** Where the machine, executed, did otherwise than planned; empty. */
  readonly disagreements: readonly string[]
}

const BUILTIN_TYPE = 'pc-1.5'
const OTHER_TYPE = 'other'
/** Never had the device built in. */
const EXAMPLE_OF_OTHER = 'pc-i440fx-1.4'

/** Planned in 2013, and never made. */
const PLANNED_RELEASE = '1.5.4'
const ITS_PREDECESSOR = '1.5.3'

/**
 * The rows that a filter leaves, by option, version, machine type, element; each planned and executed.
 * @throws {OptionRangeError} for a version or machine type that neither was nor was planned, with the known ones.
 */
export function optionMatrix(filter: MatrixFilter = {}): MatrixRow[] {
  const { qemu, machineType, option, ...rest } = filter
  checkPlannedQemu(qemu, machineType)
  const versions = qemu === undefined ? PLANNED_RANGES.map(({ name, first }) => [name, first]) : [[qemu, qemu]]
  const options = option === undefined ? OPTIONS : [option]
  return options.flatMap((each) =>
    versions.flatMap(([name = '', version = '']) =>
      [false, true].flatMap((element) => {
        const rowFor = (type: string, shown: string): MatrixRow => {
          const plan = planPanicNotifier({ ...rest, qemu: version, machineType: type, option: each, element })
          return { qemu: name, machineType: shown, plan, disagreements: disagreements(plan) }
        }
        if (machineType !== undefined) return [rowFor(machineType, machineType)]
        const rows = [rowFor(BUILTIN_TYPE, BUILTIN_TYPE), rowFor(EXAMPLE_OF_OTHER, OTHER_TYPE)]
        const [first] = rows
        return first?.plan.qemu.builtin === true ? rows : rows.slice(1).map((row) => ({ ...row, machineType: 'any' }))
      }),
    ),
  )
}

function checkPlannedQemu(qemu: string | undefined, machineType: string | undefined): void {
  checkExists(qemu === PLANNED_RELEASE ? ITS_PREDECESSOR : qemu, machineType)
}

/** Without a version, any one may have the machine type. */
function checkExists(qemu: string | undefined, machineType = 'pc'): void {
  const real = realMachineType(machineType)
  if (qemu === undefined && QEMU_SERIES.some((series) => hasMachineType(series, real))) return
  checkMachineType(qemu, machineType)
}

/** A row of the table of real versions. */
export interface TodayRow {
  readonly input: Required<TodayInput>
  readonly answer: TodayAnswer
}

/** Real versions at which an answer changes, and one of now. */
const REAL_VERSIONS = ['1.4.2', '1.5.0', '1.5.3', '1.6.0', '1.6.2', '1.7.0', '7.2']
const REAL_MACHINE_TYPES = ['pc-i440fx-1.5', EXAMPLE_OF_OTHER]

/**
 * The proposal's questions for real versions, executed. libvirt is a release of the same period unless given.
 * @throws {OptionRangeError} for a version or machine type that never was, with the known ones.
 */
export function todayMatrix(filter: MatrixFilter & { readonly libvirt?: string } = {}): TodayRow[] {
  const { onCrash = 'destroy' } = filter
  if (onCrash === 'ignore' || onCrash === 'rename-restart') {
    throw new OptionRangeError(
      'onCrash',
      `libvirt refuses '${onCrash}' for QEMU; expected destroy, restart, preserve, coredump-destroy or coredump-restart`,
    )
  }
  const { machineType: wanted = 'pc' } = filter
  checkExists(filter.qemu, wanted)
  const real = realMachineType(wanted)
  const versions =
    filter.qemu === undefined ? REAL_VERSIONS.filter((qemu) => hasMachineType(qemu, real)) : [filter.qemu]
  const machineTypesOf = (qemu: string): readonly string[] => {
    if (filter.machineType !== undefined) return [filter.machineType]
    const known = REAL_MACHINE_TYPES.filter((name) => hasMachineType(qemu, name))
    return known.length === 0 ? ['pc'] : known
  }
  return versions.flatMap((qemu) =>
    machineTypesOf(qemu).flatMap((machineType) =>
      [false, true].map((element) => {
        const input = { qemu, libvirt: filter.libvirt ?? libvirtBeside(qemu), machineType, element, onCrash }
        return { input, answer: answerToday(input) }
      }),
    ),
  )
}
