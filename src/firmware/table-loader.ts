// The fw_cfg file `etc/table-loader`: commands by which firmware puts tables into memory and links them to each other.

import { ascii, join, littleEndian } from './aml.js'
import type { FwCfgFile } from './pvpanic-port.js'

const COMMAND_BYTES = 128
const FILE_NAME_BYTES = 56
const ALLOCATE = 1
const ADD_POINTER = 2
const ADD_CHECKSUM = 3
const POINTER_BYTES = 4

/** Where firmware puts a file: anywhere it likes, or below 1 MiB where operating systems search for the RSDP. */
const ZONES = { high: 1, 'f-segment': 2 } as const

/** Collects the commands, in the order in which the firmware carries them out. */
export class TableLoader {
  readonly #commands: Uint8Array[] = []

  /** Copies a file into memory, at a multiple of `alignment`. */
  allocate(file: string, alignment: number, zone: keyof typeof ZONES): void {
    this.#add(ALLOCATE, fileName(file), littleEndian(alignment, 4), Uint8Array.of(ZONES[zone]))
  }

  /** Adds the address of `target` to the four bytes at `offset` of `file`. */
  addPointer(file: string, offset: number, target: string): void {
    this.#add(ADD_POINTER, fileName(file), fileName(target), littleEndian(offset, 4), Uint8Array.of(POINTER_BYTES))
  }

  /** Makes the bytes `start` .. `start + length - 1` of `file` add up to 0, by the byte at `offset`, which is 0 before. */
  addChecksum(file: string, offset: number, start: number, length: number): void {
    this.#add(ADD_CHECKSUM, fileName(file), ...[offset, start, length].map((value) => littleEndian(value, 4)))
  }

  file(): FwCfgFile {
    return { name: 'etc/table-loader', data: join(...this.#commands) }
  }

  #add(command: number, ...fields: readonly Uint8Array[]): void {
    const bytes = new Uint8Array(COMMAND_BYTES)
    bytes.set(join(littleEndian(command, 4), ...fields))
    this.#commands.push(bytes)
  }
}

function fileName(name: string): Uint8Array {
  const bytes = new Uint8Array(FILE_NAME_BYTES)
  bytes.set(ascii(name))
  return bytes
}
