// ACPI in v86: mends the two faults by which a guest loses the pvpanic device, and hears the guest power itself off.

import type { V86Cpu, V86Io } from './v86-internals.js'

/** General purpose event registers: two status bytes, then two enable bytes. */
const GPE_STATUS = 0xafe0
const GPE_STATUS_BYTES = 2
/** Power management 1 control, 16 bits. */
const PM1_CONTROL = 0xb004
/** PM1 control: go to sleep, and the kind of sleep in three bits. */
const SLEEP_ENABLE = 0x2000
const SLEEP_TYPE = 0x1c00
/** The sleep type of suspend to RAM on the PIIX4; all others power off there. */
const SUSPEND_TO_RAM = 0x0400
/** The power management block: where v86 has it for good, and where SeaBIOS moves it if it is given tables. */
const PM_BASE = 0xb000
const PM_BASE_OF_TABLES = 0x600
const PM_BYTES = 12
/** PCI hotplug registers of SeaBIOS's tables, 32 bits each: up, down, features, removable. */
const PCI_HOTPLUG = [0xae00, 0xae04, 0xae08, 0xae0c] as const
/** CPU hotplug: a bit for each processor, this many bytes. */
const CPU_HOTPLUG = 0xaf00
const CPU_HOTPLUG_BYTES = 32
const FIRST_PROCESSOR_ONLY = 1

/**
 * Mends v86's ACPI, if the emulator has any (`acpi: true`).
 *
 * v86 0.5.462 keeps what a guest writes to the GPE status bytes, where a written 1 must clear. A guest that clears all
 * events finds them all pending instead, and runs the methods behind them. Those of SeaBIOS's tables ask the hotplug
 * ports what was plugged or pulled; v86 leaves these unassigned, and all ones mean that everything was. Linux then
 * ejects PCI device 1, the ISA bridge, with the pvpanic device below it: in about one boot of three.
 *
 * No longer needed when the test 'v86 by itself keeps written GPE status bits' fails.
 */
export function mendAcpi({ io, devices }: V86Cpu): void {
  const { acpi } = devices
  if (acpi === undefined) return
  for (let byte = 0; byte < GPE_STATUS_BYTES; byte++) {
    const clear = (value: number) => {
      acpi.gpe[byte] = (acpi.gpe[byte] ?? 0) & ~value
    }
    // Byte accesses only, as ACPI has it.
    io.register_write(GPE_STATUS + byte, acpi, clear)
  }
  for (const port of PCI_HOTPLUG) readsAs(io, port, 0)
  for (let byte = 0; byte < CPU_HOTPLUG_BYTES; byte++) {
    readsAs(io, CPU_HOTPLUG + byte, byte === 0 ? FIRST_PROCESSOR_ONLY : 0)
  }
}

/** Calls `listener` when the guest asks ACPI to power it off, which v86 ignores. */
export function listenToPowerOff({ io, devices }: V86Cpu, listener: () => void): void {
  const { acpi } = devices
  const control = io.ports[PM1_CONTROL]
  if (acpi === undefined || control === undefined) return
  const { write8, write16, write32 } = control
  const write = (value: number) => {
    write16.call(acpi, value)
    if ((value & SLEEP_ENABLE) !== 0 && (value & SLEEP_TYPE) !== SUSPEND_TO_RAM) listener()
  }
  io.register_write(PM1_CONTROL, acpi, write8, write, write32)
}

/**
 * Lets the power management registers answer at 0x600 too. SeaBIOS moves them there when fw_cfg gives it ACPI tables, and
 * then waits for ever on a timer that v86 left at 0xb000. To be called when they are as they shall stay.
 */
export function movePowerManagement({ io, devices }: V86Cpu): void {
  const { acpi } = devices
  if (acpi === undefined) return
  for (let offset = 0; offset < PM_BYTES; offset++) {
    const port = io.ports[PM_BASE + offset]
    if (port === undefined) continue
    io.register_read(PM_BASE_OF_TABLES + offset, acpi, port.read8, port.read16, port.read32)
    io.register_write(PM_BASE_OF_TABLES + offset, acpi, port.write8, port.write16, port.write32)
  }
}

function readsAs(io: V86Io, port: number, value: number): void {
  if (io.ports[port]?.device !== undefined) return
  const read = () => value
  io.register_read(port, io, read, read, read)
}
