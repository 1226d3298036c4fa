// The pvpanic device as an operating system finds it: an ACPI device with the port and the methods to reach it.

import { OptionRangeError } from '../common/check.js'
import { acpiTable } from './acpi-table.js'
import {
  type Aml,
  arg0,
  byteField,
  device,
  externalDevice,
  integer,
  join,
  local0,
  method,
  name,
  namePath,
  portRegion,
  resources,
  returns,
  scope,
  store,
  string,
} from './aml.js'
import { type PvpanicTarget, pvpanicPort } from './pvpanic-port.js'
import { ioPorts } from './resources.js'

/** The ISA bridge of a PC in the tables of QEMU and of SeaBIOS before 1.17. */
export const DEFAULT_ACPI_SCOPE = '\\_SB.PCI0.ISA'

/** The hardware ID that drivers look for. */
const HARDWARE_ID = 'QEMU0001'
/** Present, enabled, shown, working. */
const STATUS_PRESENT = 0x0f
/** Of definition blocks that compute with 32-bit integers, which is what every operating system takes. */
const SSDT_REVISION = 1

/** The device that the table describes. */
export interface SsdtOptions {
  /** Path of the device that the pvpanic device is put under; another table must define it. `\_SB.PCI0.ISA`. */
  readonly scope?: string
}

/**
 * The AML of the device alone, for a table of the caller's own: `Device (PEVT)` with _HID, _CRS, _STA, the port as the
 * field PEPT, RDPT() that reads and WRPT(value) that writes it.
 * @param target the machine that has the device, or its port, 0..0xffff.
 * @throws {RangeError | TypeError} if there is no such port or device.
 */
export function pvpanicDevice(target: PvpanicTarget): Uint8Array {
  const port = pvpanicPort(target)
  const register: Aml = namePath('PEPT')
  return device(
    'PEVT',
    name('_HID', string(HARDWARE_ID)),
    name('_CRS', resources(ioPorts(port, 1))),
    portRegion('PEOR', port, 1),
    byteField('PEOR', 'PEPT'),
    name('_STA', integer(STATUS_PRESENT)),
    method('RDPT', 0, store(register, local0), returns(local0)),
    method('WRPT', 1, store(arg0, register)),
  )
}

/**
 * An SSDT with the device, for firmware or an emulator that hands ACPI tables to its guest.
 * @param target the machine that has the device, or its port, 0..0xffff.
 * @throws {RangeError | TypeError} if there is no such port or device, or `scope` is no absolute ACPI path.
 */
export function pvpanicSsdt(target: PvpanicTarget, { scope: path = DEFAULT_ACPI_SCOPE }: SsdtOptions = {}): Uint8Array {
  if (!path.startsWith('\\')) {
    throw new OptionRangeError(
      'scope',
      `expected an absolute path such as ${DEFAULT_ACPI_SCOPE}, got ${JSON.stringify(path)}`,
    )
  }
  const body = join(externalDevice(path), scope(path, pvpanicDevice(target)))
  return acpiTable({ signature: 'SSDT', revision: SSDT_REVISION, tableId: 'PVPANIC' }, body)
}
