// Which QEMU versions and machine types a host can have had: those of a Machine, and the versions from before pvpanic.

import { OptionRangeError } from '../common/check.js'
import { isBefore, parseVersion } from '../common/version.js'
import { qemuProfile } from '../machine/qemu-versions.js'

/** The series before pvpanic, and the last release of each. */
const SERIES_BEFORE_PVPANIC: Readonly<Record<string, number>> = {
  ...{ '0.10': 6, '0.11': 1, '0.12': 5, '0.13': 0, '0.14': 1, '0.15': 1 },
  ...{ '1.0': 1, '1.1': 2, '1.2': 2, '1.3': 1, '1.4': 2 },
}
export const FIRST_WITH_PVPANIC = '1.5.0'
const MACHINE_TYPES_1_5 = ['pc-i440fx-1.5', 'pc-q35-1.5']

/** @throws {RangeError} naming `qemu`, if it is no version number. */
export function isBeforePvpanic(qemu: string): boolean {
  return isBefore(parseVersion('qemu', qemu), parseVersion('', FIRST_WITH_PVPANIC))
}

/**
 * Makes sure that there was such a QEMU, and that it has the machine type.
 * @param qemu the newest known unless given.
 * @throws {RangeError} naming `qemu` or `machineType`, with the known ones.
 */
export function checkRealQemu(qemu: string | undefined, machineType = 'pc'): void {
  checkVersion(qemu)
  if (qemu === undefined || !isBeforePvpanic(qemu)) {
    qemuProfile(qemu, machineType)
    return
  }
  // 1.5.0 has every machine type of its predecessors, and brought two.
  if (MACHINE_TYPES_1_5.includes(qemuProfile(FIRST_WITH_PVPANIC, machineType).machineType) && !isAlias(machineType)) {
    throw new OptionRangeError('machineType', `QEMU ${qemu} has no ${JSON.stringify(machineType)}, which came with 1.5`)
  }
}

const isAlias = (machineType: string): boolean => machineType === 'pc' || machineType === 'q35'

function checkVersion(qemu: string | undefined): void {
  if (qemu !== undefined && isBeforePvpanic(qemu)) {
    const [major, minor, micro = 0] = parseVersion('qemu', qemu)
    if (micro <= (SERIES_BEFORE_PVPANIC[`${major}.${minor}`] ?? -1)) return
  }
  try {
    qemuProfile(qemu)
  } catch (error) {
    if (!(error instanceof OptionRangeError)) throw error
    const reason = error.message.slice(`${error.option}: `.length)
    throw new OptionRangeError(error.option, `${reason}; and, without pvpanic, 0.10 to 1.4.2`, { cause: error })
  }
}

/** Whether a QEMU has a machine type, as far as that is known here. */
export function hasMachineType(qemu: string | undefined, machineType: string): boolean {
  try {
    checkRealQemu(qemu, machineType)
    return true
  } catch (error) {
    if (error instanceof OptionRangeError && error.option === 'machineType') return false
    throw error
  }
}
