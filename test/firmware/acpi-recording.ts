// What record-acpi.ts writes: how QEMU tells a guest of its pvpanic device.

import { fileURLToPath } from 'node:url'

export const RECORDING_PATH = fileURLToPath(new URL('qemu-acpi.json', import.meta.url))

export interface AcpiRecording {
  /** First line of `qemu-system-x86_64 --version`. */
  readonly program: string
  readonly devices: {
    readonly machine: string
    readonly port: number
    /** The bytes of the fw_cfg file `etc/pvpanic-port`. */
    readonly portFile: string
    /** The bytes of `Device (PEVT)` in QEMU's DSDT. */
    readonly device: string
  }[]
}
