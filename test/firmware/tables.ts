// The tables under test, as a guest's memory has them once firmware has carried out `etc/table-loader`.

import { acpiFiles, type FwCfgFile, pvpanicSsdt } from '../../src/firmware/index.js'

/** Where the firmware of this test puts the two files; the second lies below 1 MiB. */
export const TABLES_ADDRESS = 0x7fe0000
export const RSDP_ADDRESS = 0xf5a00

const COMMAND_BYTES = 128
const FILE_NAME_BYTES = 56

export interface NamedTable {
  readonly name: string
  readonly bytes: Uint8Array
}

/** Carries out the commands as the linker-loader interface describes them. */
export function runTableLoader(files: readonly FwCfgFile[]): { rsdp: Uint8Array; tables: Uint8Array } {
  const memory = new Map<string, { address: number; bytes: Uint8Array }>()
  const fileOf = (name: string) => {
    const found = memory.get(name)
    if (found === undefined) throw new Error(`${name} was not allocated before it was used`)
    return found
  }
  const commands = contents(files, 'etc/table-loader')
  for (let at = 0; at < commands.length; at += COMMAND_BYTES) {
    const view = new DataView(commands.buffer, commands.byteOffset + at, COMMAND_BYTES)
    const name = (offset: number) => String.fromCharCode(...commands.slice(at + offset, at + offset + FILE_NAME_BYTES))
    const [first = '', second = ''] = [name(4), name(60)].map((text) => text.replace(/\0+$/, ''))
    switch (view.getUint32(0, true)) {
      case 1: {
        const address = view.getUint8(64) === 2 ? RSDP_ADDRESS : TABLES_ADDRESS
        if (address % view.getUint32(60, true) !== 0) throw new Error(`${first}: bad alignment`)
        memory.set(first, { address, bytes: contents(files, first).slice() })
        break
      }
      case 2: {
        const target = new DataView(fileOf(first).bytes.buffer)
        const offset = view.getUint32(116, true)
        target.setUint32(offset, target.getUint32(offset, true) + fileOf(second).address, true)
        break
      }
      case 3: {
        const { bytes } = fileOf(first)
        const [offset, start, length] = [60, 64, 68].map((field) => view.getUint32(field, true)) as [
          number,
          ...number[],
        ]
        bytes[offset] = -sum(bytes.subarray(start, (start ?? 0) + (length ?? 0))) & 0xff
        break
      }
      default:
        throw new Error(`unknown loader command at ${at}`)
    }
  }
  return { rsdp: fileOf('etc/acpi/rsdp').bytes, tables: fileOf('etc/acpi/tables').bytes }
}

/** Every table this package makes, linked where it needs to be. */
export function allTables(): NamedTable[] {
  const { tables } = runTableLoader(acpiFiles(0x505))
  const alone = { name: 'SSDT-0x600', bytes: pvpanicSsdt(0x600, { scope: '\\_SB.PCI0.SBRG' }) }
  return [...splitTables(tables), alone]
}

/** Tables that follow each other, by their own lengths. */
export function splitTables(tables: Uint8Array): NamedTable[] {
  const found: NamedTable[] = []
  for (let at = 0; at < tables.length; ) {
    const length = new DataView(tables.buffer, tables.byteOffset + at).getUint32(4, true)
    found.push({ name: String.fromCharCode(...tables.slice(at, at + 4)), bytes: tables.slice(at, at + length) })
    at += length
  }
  return found
}

export function sum(bytes: Uint8Array): number {
  return bytes.reduce((total, byte) => total + byte, 0) & 0xff
}

function contents(files: readonly FwCfgFile[], name: string): Uint8Array {
  const file = files.find((candidate) => candidate.name === name)
  if (file === undefined) throw new Error(`there is no file ${name}`)
  return file.data
}
