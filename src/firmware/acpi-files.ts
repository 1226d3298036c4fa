// All ACPI tables of a small PC as fw_cfg files, for firmware that has none of its own (SeaBIOS 1.17 and later).

import { checkInteger, OptionRangeError } from '../common/check.js'
import { hex } from '../common/hex.js'
import { acpiTable, TABLE_CHECKSUM_OFFSET, TABLE_HEADER_BYTES } from './acpi-table.js'
import { ascii, join, littleEndian } from './aml.js'
import { i440fxDsdt } from './i440fx-dsdt.js'
import { type FwCfgFile, type PvpanicTarget, pvpanicPort } from './pvpanic-port.js'
import { pvpanicSsdt } from './pvpanic-ssdt.js'
import { TableLoader } from './table-loader.js'

const RSDP_FILE = 'etc/acpi/rsdp'
const TABLES_FILE = 'etc/acpi/tables'

const RSDP_ALIGNMENT = 16
const RSDP_BYTES = 20
const RSDP_CHECKSUM_OFFSET = 8
const RSDP_RSDT_OFFSET = 16

/** The FACS must lie at a multiple of it. */
const FACS_BYTES = 64
const FADT_FACS_OFFSET = 36
const FADT_DSDT_OFFSET = 40

/** The system control interrupt, and the PCI interrupts: level-triggered and active high, unlike ISA's. */
const SCI = 9
const LEVEL_INTERRUPTS = [SCI, 10, 11] as const

/** Where SeaBIOS moves the power management registers of the 440FX when it finds `etc/table-loader`; else 0xb000. */
const PM_BASE = 0x600
const PM_PORTS = 0x40
const PM1_EVENT_PORT = PM_BASE
const PM1_CONTROL_PORT = PM_BASE + 4
const PM_TIMER_PORT = PM_BASE + 8
const SMI_COMMAND_PORT = 0xb2
const ACPI_ENABLE = 0xf1
const ACPI_DISABLE = 0xf0
const RTC_CENTURY_REGISTER = 0x32

const LOCAL_APIC_ADDRESS = 0xfee00000
const IO_APIC_ADDRESS = 0xfec00000

/** What the ACPI tables tell the guest of. */
export interface AcpiFilesOptions {
  /** First address of PCI devices' memory. SeaBIOS: 0x80000000 with up to 2 GiB of memory, else 0xc0000000. 0x80000000. */
  readonly pciMemoryFirst?: number
  /** The I/O APIC's input that the timer (IRQ 0) is wired to: 2 in QEMU, 0 in v86. 2. */
  readonly timerInput?: 0 | 2
}

/**
 * `etc/acpi/rsdp`, `etc/acpi/tables` and `etc/table-loader`: RSDT, FADT, FACS, MADT, a DSDT and the SSDT of the pvpanic
 * device, for a PC with the 440FX chip set and one processor. There are no general-purpose events, so nothing is
 * hot-plugged. SeaBIOS uses these in the place of tables of its own, and moves the chip set's power management registers
 * from port 0xb000 to 0x600, where an emulator must then have them.
 * @param target the machine that has the pvpanic device, or its port, 0..0xffff.
 * @throws {RangeError | TypeError} if there is no such port or device, its port is among those registers' 0x600 to 0x63f,
 *   or an option is wrong.
 */
export function acpiFiles(target: PvpanicTarget, options: AcpiFilesOptions = {}): FwCfgFile[] {
  const pciMemoryFirst = checkInteger('pciMemoryFirst', options.pciMemoryFirst ?? 0x80000000, 0x100000, 0xfeb00000)
  const { timerInput = 2 } = options
  if (timerInput !== 0 && timerInput !== 2)
    throw new OptionRangeError('timerInput', `expected 0 or 2, got ${timerInput}`)
  const port = pvpanicPort(target)
  if (port >= PM_BASE && port < PM_BASE + PM_PORTS) {
    throw new OptionRangeError('port', `the power management registers lie at 0x600 to 0x63f, got ${hex(port)}`)
  }
  const layout = [
    facs(),
    i440fxDsdt(pciMemoryFirst),
    pvpanicSsdt(target),
    fadt({ facs: 0, dsdt: FACS_BYTES }),
    madt(timerInput),
  ]
  const offsets = layout.map((_, index) => lengthOf(layout.slice(0, index)))
  const [, , ssdtAt = 0, fadtAt = 0, madtAt = 0] = offsets
  const listed = [fadtAt, madtAt, ssdtAt]
  const rsdtAt = lengthOf(layout)
  const tables = join(...layout, rsdt(listed))

  const loader = new TableLoader()
  loader.allocate(TABLES_FILE, FACS_BYTES, 'high')
  loader.allocate(RSDP_FILE, RSDP_ALIGNMENT, 'f-segment')
  const pointTo = (offset: number) => loader.addPointer(TABLES_FILE, offset, TABLES_FILE)
  const seal = (start: number) => {
    // What acpiTable() had put there was right for the offsets; the firmware makes addresses of them.
    tables[start + TABLE_CHECKSUM_OFFSET] = 0
    const length = new DataView(tables.buffer).getUint32(start + 4, true)
    loader.addChecksum(TABLES_FILE, start + TABLE_CHECKSUM_OFFSET, start, length)
  }
  pointTo(fadtAt + FADT_FACS_OFFSET)
  pointTo(fadtAt + FADT_DSDT_OFFSET)
  seal(fadtAt)
  for (const index of listed.keys()) pointTo(rsdtAt + TABLE_HEADER_BYTES + 4 * index)
  seal(rsdtAt)
  loader.addPointer(RSDP_FILE, RSDP_RSDT_OFFSET, TABLES_FILE)
  loader.addChecksum(RSDP_FILE, RSDP_CHECKSUM_OFFSET, 0, RSDP_BYTES)
  return [{ name: RSDP_FILE, data: rsdp(rsdtAt) }, { name: TABLES_FILE, data: tables }, loader.file()]
}

function lengthOf(tables: readonly Uint8Array[]): number {
  return tables.reduce((sum, table) => sum + table.length, 0)
}

/** The root pointer, ACPI 1.0; the loader fills in its checksum. */
function rsdp(rsdtOffset: number): Uint8Array {
  const CHECKSUM = 0
  const REVISION = 0
  return join(ascii('RSD PTR '), CHECKSUM, ascii('ISAPVP'), REVISION, littleEndian(rsdtOffset, 4))
}

function rsdt(offsets: readonly number[]): Uint8Array {
  const body = join(...offsets.map((offset) => littleEndian(offset, 4)))
  return acpiTable({ signature: 'RSDT', revision: 1, tableId: 'I440FX' }, body)
}

/** The firmware's part in waking up: nothing but its signature and length. */
function facs(): Uint8Array {
  const table = new Uint8Array(FACS_BYTES)
  table.set(join(ascii('FACS'), littleEndian(FACS_BYTES, 4)))
  return table
}

/** The fixed hardware, in the form of ACPI 1.0. */
function fadt(offsets: { readonly facs: number; readonly dsdt: number }): Uint8Array {
  const MULTIPLE_APIC = 1
  const ports = [PM1_EVENT_PORT, 0, PM1_CONTROL_PORT, 0, 0, PM_TIMER_PORT, 0, 0]
  const lengths = { event: 4, control: 2, control2: 0, timer: 4, gpe0: 0, gpe1: 0 }
  const NO_SUCH_STATE = 0x0fff // a latency above 100 us for C2, above 1000 us for C3
  const WBINVD_WORKS = 1 << 0
  const HALT_ON_EVERY_PROCESSOR = 1 << 2
  const NO_SLEEP_BUTTON = 1 << 5
  const body = join(
    ...[offsets.facs, offsets.dsdt].map((offset) => littleEndian(offset, 4)),
    ...[MULTIPLE_APIC, 0],
    littleEndian(SCI, 2),
    littleEndian(SMI_COMMAND_PORT, 4),
    ...[ACPI_ENABLE, ACPI_DISABLE, 0, 0],
    ...ports.map((port) => littleEndian(port, 4)),
    ...Object.values(lengths),
    ...[0, 0],
    ...[NO_SUCH_STATE, NO_SUCH_STATE, 0, 0].map((value) => littleEndian(value, 2)),
    ...[0, 0, 0, 0, RTC_CENTURY_REGISTER, 0, 0, 0],
    littleEndian(WBINVD_WORKS | HALT_ON_EVERY_PROCESSOR | NO_SLEEP_BUTTON, 4),
  )
  return acpiTable({ signature: 'FACP', revision: 1, tableId: 'I440FX' }, body)
}

/** One processor, one I/O APIC, and which ISA interrupts are unlike ISA's. */
function madt(timerInput: number): Uint8Array {
  const HAS_8259_PAIR = 1
  const ENABLED = 1
  const [LOCAL_APIC, IO_APIC, OVERRIDE, LOCAL_NMI] = [0, 1, 2, 4]
  const AS_ON_THE_BUS = 0
  const LEVEL_ACTIVE_HIGH = 0x0d
  const EVERY_PROCESSOR = 0xff
  const NMI_INPUT = 1
  const override = (irq: number, input: number, flags: number) =>
    join(OVERRIDE, 10, 0, irq, littleEndian(input, 4), littleEndian(flags, 2))
  const body = join(
    littleEndian(LOCAL_APIC_ADDRESS, 4),
    littleEndian(HAS_8259_PAIR, 4),
    join(LOCAL_APIC, 8, 0, 0, littleEndian(ENABLED, 4)),
    join(IO_APIC, 12, 0, 0, littleEndian(IO_APIC_ADDRESS, 4), littleEndian(0, 4)),
    ...(timerInput === 0 ? [] : [override(0, timerInput, AS_ON_THE_BUS)]),
    ...LEVEL_INTERRUPTS.map((irq) => override(irq, irq, LEVEL_ACTIVE_HIGH)),
    join(LOCAL_NMI, 6, EVERY_PROCESSOR, littleEndian(AS_ON_THE_BUS, 2), NMI_INPUT),
  )
  return acpiTable({ signature: 'APIC', revision: 1, tableId: 'I440FX' }, body)
}
