// What record-tools.ts writes: how readelf and gdb read the samples.

import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'

export const TOOLS_RECORDING_PATH = fileURLToPath(new URL('tools.json', import.meta.url))

export interface ToolsRecording {
  /** First lines of `readelf --version` and `gdb --version`. */
  readonly programs: readonly string[]
  readonly samples: Record<string, SampleRecording>
}

export interface SampleRecording {
  /** Of the file that the tools read. */
  readonly sha256: string
  /** `readelf --program-headers --notes`, without a complaint. */
  readonly readelf: readonly string[]
  /** gdb's `info registers`, name and hexadecimal value. */
  readonly registers: Record<string, string>
  /** The words that gdb showed at the probed addresses. */
  readonly words: readonly string[]
}

export function sha256(file: Uint8Array): string {
  return createHash('sha256').update(file).digest('hex')
}
