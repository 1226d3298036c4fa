// What record-iasl.ts writes: each table as iasl assembles it from its disassembly of ours.

import { fileURLToPath } from 'node:url'

export const IASL_RECORDING_PATH = fileURLToPath(new URL('iasl.json', import.meta.url))

export interface IaslRecording {
  /** What `iasl -v` says of itself. */
  readonly program: string
  /** Base64 of each table without what an assembler writes about itself. */
  readonly tables: Record<string, string>
}

const CHECKSUM_OFFSET = 9
const COMPILER_OFFSET = 28
const HEADER_BYTES = 36

/** The table with its compiler's name and version, and so its checksum, set to 0; the FACS has neither. */
export function withoutCompiler(name: string, table: Uint8Array): Uint8Array {
  if (name === 'FACS') return table
  return Uint8Array.from(table)
    .fill(0, CHECKSUM_OFFSET, CHECKSUM_OFFSET + 1)
    .fill(0, COMPILER_OFFSET, HEADER_BYTES)
}
