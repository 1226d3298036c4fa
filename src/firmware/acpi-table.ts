// The header that every ACPI system description table begins with, and its checksum.

import { ascii, join, littleEndian } from './aml.js'

/** Bytes of the header; a table's own fields begin after it. */
export const TABLE_HEADER_BYTES = 36
/** Offset of the header's checksum. */
export const TABLE_CHECKSUM_OFFSET = 9

const OEM_ID = 'ISAPVP'
const OEM_REVISION = 1
const CREATOR_ID = 'ISAP'
const CREATOR_REVISION = 1

/** What a table's header says beside what follows from its contents. */
export interface TableHeading {
  /** Four characters: SSDT, FACP, ... */
  readonly signature: string
  readonly revision: number
  /** Eight characters at most; tells tables with the same signature apart. */
  readonly tableId: string
}

/** A table with its header; the bytes of it add up to 0 modulo 256. */
export function acpiTable({ signature, revision, tableId }: TableHeading, body: Uint8Array): Uint8Array {
  const table = join(
    ascii(signature),
    littleEndian(TABLE_HEADER_BYTES + body.length, 4),
    revision,
    0,
    ascii(OEM_ID),
    ascii(tableId.padEnd(8, ' ')),
    littleEndian(OEM_REVISION, 4),
    ascii(CREATOR_ID),
    littleEndian(CREATOR_REVISION, 4),
    body,
  )
  table[TABLE_CHECKSUM_OFFSET] = checksum(table)
  return table
}

/** The byte that, put where there is 0 now, makes the sum of all of them 0 modulo 256. */
export function checksum(bytes: Uint8Array): number {
  return -bytes.reduce((sum, byte) => sum + byte, 0) & 0xff
}
