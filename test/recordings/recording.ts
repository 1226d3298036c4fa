// The file format of a recording: what a real program was asked and what it did, one JSON value a line, gzipped.

import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { QemuEvent, QmpReply } from '../qemu/qemu-process.js'

/** How QEMU's `-action` was set. */
export interface Actions {
  readonly panic: 'pause' | 'shutdown' | 'exit-failure' | 'none'
  readonly shutdown: 'poweroff' | 'pause'
  readonly reboot: 'reset' | 'shutdown'
}

/** The recording's first line: what it is a recording of, and how to make it again. */
export interface Header {
  /** First line of the program's `--version`. */
  readonly program: string
  /** The arguments that matter; those of the driver are always there too. */
  readonly arguments: readonly string[]
  /** Of the random steps; absent where nothing was random. */
  readonly seed?: number
}

/** One input, and everything that it caused. */
export interface Step {
  /** A qtest line, a QMP command's name with its arguments as JSON after a space, or a signal's name. */
  readonly input: string
  /** Absent when the program ended before it answered. */
  readonly reply?: string | QmpReply
  /** Absent when there were none. */
  readonly events?: readonly QemuEvent[]
  /** Absent when it is what it was before. */
  readonly runState?: string
  /** Present when the program ended. */
  readonly exitCode?: number
}

export interface Recording<Head extends Header, Line> {
  readonly header: Head
  readonly lines: readonly Line[]
}

function pathOf(name: string): string {
  return fileURLToPath(new URL(`data/${name}.jsonl.gz`, import.meta.url))
}

export function readRecording<Head extends Header, Line>(name: string): Recording<Head, Line> {
  const [header, ...lines] = gunzipSync(readFileSync(pathOf(name)))
    .toString()
    .trimEnd()
    .split('\n')
  return { header: JSON.parse(header ?? '') as Head, lines: lines.map((line) => JSON.parse(line) as Line) }
}

/** Writes the recording and tells its size in bytes. */
export function writeRecording<Head extends Header, Line>(
  name: string,
  { header, lines }: Recording<Head, Line>,
): number {
  const text = [header, ...lines].map((line) => `${JSON.stringify(line)}\n`).join('')
  const bytes = gzipSync(text, { level: 9 })
  writeFileSync(pathOf(name), bytes)
  return bytes.length
}
