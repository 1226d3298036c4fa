// What QMP tells of device types and machine types: qom-list-types, device-list-properties, query-machines.

import type { Writable } from '../../json/writer.js'
import { machineTypes } from '../../machine/machine-types.js'
import { isSince, qemuRelease } from '../../machine/qemu-releases.js'
import type { QemuProfile } from '../../machine/qemu-versions.js'
import { DEBUG_EXIT_TYPE, type DeviceType, pvpanicType, QEMU_NAMES } from '../../qemu-options/device-types.js'
import { QmpError } from './error.js'

/** A device type beside those of QEMU's own making, or in place of one. */
export interface ExtraDeviceType {
  /** 'pvpanic', or another name for it. */
  readonly driver: string
  /** Properties that no QEMU has, all boolean. */
  readonly flags: readonly string[]
}

const PARENT = 'isa-device'
/** What every ISA device implements. */
const ANCESTORS: readonly string[] = [PARENT, 'device', 'object']
/** QEMU 5.2 and later were run; before 6.0 a region had this longer type. */
const SHORT_REGION_TYPE_SINCE = '6.0'

/** The ISA devices that a Machine can be started with. pvpanic-pci, which QEMU has since 6.0, is not among them. */
function deviceTypes(profile: QemuProfile, planned: ExtraDeviceType | undefined): readonly DeviceType[] {
  const names = { ...QEMU_NAMES, ...(planned && { driver: planned.driver }) }
  return qemuRelease(profile.version).isBeforePvpanic
    ? [DEBUG_EXIT_TYPE]
    : [DEBUG_EXIT_TYPE, pvpanicType(profile, names)]
}

/** qom-list-types: of the types there are, those of this library's devices. */
export function listTypes(
  profile: QemuProfile,
  planned: ExtraDeviceType | undefined,
  implemented = 'object',
): Writable {
  return deviceTypes(profile, planned)
    .filter(({ driver }) => driver === implemented || ANCESTORS.includes(implemented))
    .map(({ driver }) => ({ name: driver, parent: PARENT }))
}

/** device-list-properties. @throws {QmpError} if there is no such type, or it is no device's. */
export function listProperties(profile: QemuProfile, planned: ExtraDeviceType | undefined, typename: string): Writable {
  const type = deviceTypes(profile, planned).find(({ driver }) => driver === typename)
  if (type === undefined) {
    if (ANCESTORS.includes(typename)) throw new QmpError("Parameter 'typename' expects a non-abstract device type")
    throw new QmpError(`Device '${typename}' not found`, 'DeviceNotFound')
  }
  const isShort = isSince(qemuRelease(profile.version), SHORT_REGION_TYPE_SINCE)
  const regionType = `child<${isShort ? '' : 'qemu:'}memory-region>`
  // The other way round than help lists them, which sorts them by name.
  const properties = type.properties.toReversed()
  const flags = planned?.driver === typename ? planned.flags : []
  return [
    ...properties.map((property) => ({ 'default-value': property.default, name: property.name, type: property.type })),
    ...flags.map((name) => ({ 'default-value': false, name, type: 'bool' })),
    ...type.regions.map((name) => ({ name, type: regionType })),
  ]
}

/** query-machines: of each machine type what decides over pvpanic; processors and memory are left out. */
export function listMachines({ version }: QemuProfile): Writable {
  return machineTypes(version).map(({ name, alias, isDefault, deprecated }) => ({
    name,
    'is-default': isDefault ? true : undefined,
    deprecated: deprecated !== undefined,
    alias,
  }))
}
