// `npx tsx test/firmware/record-acpi.ts`: records the pvpanic device of the ACPI tables that the installed QEMU makes.

import { writeFileSync } from 'node:fs'
import { QemuProcess, qemuVersion } from '../qemu/qemu-process.js'
import { type AcpiRecording, RECORDING_PATH } from './acpi-recording.js'

const MACHINES = ['pc', 'q35']
/** One for each length of an integer in AML. */
const PORTS = [0, 1, 0x80, 0x505, 0xffff]

const SELECTOR_PORT = 0x510
const DATA_PORT = 0x511
const FILE_DIRECTORY = 0x19
const DIRECTORY_ENTRY_BYTES = 64
const HEADER_BYTES = 36
const DEVICE_OP = [0x5b, 0x82]

/** Reads the files of QEMU's firmware configuration device. */
class FirmwareConfiguration {
  constructor(readonly qemu: QemuProcess) {}

  async file(name: string, bytes?: number): Promise<Buffer> {
    await this.#select(FILE_DIRECTORY)
    const count = (await this.#read(4)).readUInt32BE()
    for (let index = 0; index < count; index++) {
      const entry = await this.#read(DIRECTORY_ENTRY_BYTES)
      if (entry.toString('latin1', 8).split('\0')[0] !== name) continue
      await this.#select(entry.readUInt16BE(4))
      return this.#read(bytes ?? entry.readUInt32BE(0))
    }
    throw new Error(`QEMU has no fw_cfg file ${name}`)
  }

  async #select(key: number): Promise<void> {
    await this.qemu.qtest(`outw ${SELECTOR_PORT} ${key}`)
  }

  async #read(bytes: number): Promise<Buffer> {
    const replies = Array.from({ length: bytes }, () => this.qemu.qtest(`inb ${DATA_PORT}`))
    return Buffer.from((await Promise.all(replies)).map((reply) => Number(reply.split(' ')[1])))
  }
}

/** The table with this signature in `etc/acpi/tables`, where they follow each other. */
function findTable(tables: Buffer, signature: string): Buffer {
  for (let offset = 0; offset + HEADER_BYTES <= tables.length; ) {
    const length = tables.readUInt32LE(offset + 4)
    if (tables.toString('latin1', offset, offset + 4) === signature) return tables.subarray(offset, offset + length)
    offset += Math.max(length, 1)
  }
  throw new Error(`QEMU's etc/acpi/tables hold no ${signature}`)
}

/** The whole `Device (name) {...}` term. */
function findDevice(table: Buffer, name: string): Buffer {
  for (let at = table.indexOf(name); at !== -1; at = table.indexOf(name, at + 1)) {
    for (const lengthBytes of [1, 2, 3]) {
      const start = at - lengthBytes - DEVICE_OP.length
      const lead = table[at - lengthBytes] ?? 0
      if (DEVICE_OP.some((byte, index) => table[start + index] !== byte) || lead >> 6 !== lengthBytes - 1) continue
      const more = table.readUIntLE(at - lengthBytes, lengthBytes)
      const length = lengthBytes === 1 ? lead & 0x3f : (lead & 0xf) + (Math.floor(more / 256) << 4)
      return table.subarray(start, start + DEVICE_OP.length + length)
    }
  }
  throw new Error(`no device ${name} in the table`)
}

const program = await qemuVersion().catch((error: Error) => {
  console.error(error.message)
  process.exit(1)
})
const recording: AcpiRecording = { program, devices: [] }
for (const machine of MACHINES) {
  for (const port of PORTS) {
    const qemu = await QemuProcess.start(['-machine', machine, '-device', `pvpanic,ioport=${port}`])
    try {
      const firmware = new FirmwareConfiguration(qemu)
      const portFile = await firmware.file('etc/pvpanic-port')
      const dsdt = findTable(await firmware.file('etc/acpi/tables', 0x4000), 'DSDT')
      const device = findDevice(dsdt, 'PEVT')
      recording.devices.push({ machine, port, portFile: portFile.toString('hex'), device: device.toString('hex') })
    } finally {
      await qemu.dispose()
    }
  }
}
writeFileSync(RECORDING_PATH, `${JSON.stringify(recording, undefined, 2)}\n`)
