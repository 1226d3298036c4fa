// The entry point `isa-pvpanic/firmware`: how a guest's firmware and operating system learn of the device.

export { type AcpiFilesOptions, acpiFiles } from './acpi-files.js'
export { type FwCfgFile, type PvpanicTarget, pvpanicPortFile } from './pvpanic-port.js'
export { DEFAULT_ACPI_SCOPE, pvpanicDevice, pvpanicSsdt, type SsdtOptions } from './pvpanic-ssdt.js'
