// What QEMU 1.5.0 to 5.2 said, as take-surveys.ts wrote it down.

import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

export interface OldVersion {
  /** First line of the program's `--version`. */
  readonly program: string
  readonly version: string
  /** What options that ask for help print. */
  readonly help: readonly { line: string; code: number; stdout: string; stderr: string }[]
  /** Command lines, with a machine type or 'default', and what was complained of. */
  readonly starts: readonly { machine: string; args: string; stderr: string }[]
  readonly greeting?: string
  /** The answer to query-status before qmp_capabilities. */
  readonly beforeNegotiation?: unknown
  /** Requests after it and their answers. */
  readonly answers?: readonly (readonly [send: string, answer: unknown])[]
  /** The path of a pvpanic device, and its properties as qom-list and qom-get tell them. */
  readonly device?: string
  readonly properties?: readonly (readonly [name: string, type: string | null, answer: unknown])[]
  /** A life with the human monitor in it. */
  readonly human: readonly { op: string; reply: unknown; status?: unknown }[]
  /** Commands in turn, 'P' for a panic, and the lines that came. */
  readonly order: readonly (readonly [command: string, lines: readonly string[]])[]
}

export const OLD_VERSIONS_URL = new URL('recordings/old-versions.json.gz', import.meta.url)

export function readOldVersions(): OldVersion[] {
  return JSON.parse(gunzipSync(readFileSync(OLD_VERSIONS_URL)).toString()) as OldVersion[]
}
