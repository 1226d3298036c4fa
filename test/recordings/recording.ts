// The file format of a recording: what a real program was asked and what it did, one JSON value a line, gzipped.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { QemuEvent, QmpReply } from '../qemu/qemu-process.js'

/** The recording's first line: what it is a recording of, and how to make it again. */
export interface Header {
  /** First line of the program's `--version`. */
  readonly program: string
  /** The arguments that matter; those of the driver are always there too. */
  readonly arguments: readonly string[]
  /** Absent where it is the program's own default. */
  readonly machineType?: string
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

/** The steps of a program of its own, in a recording of many. */
export interface LifeLine extends Omit<Header, 'program'> {
  readonly title: string
  readonly steps: readonly Step[]
}

export interface Recording<Head extends Header, Line> {
  readonly header: Head
  readonly lines: readonly Line[]
}

const DATA = new URL('data/', import.meta.url)
const ENDING = '.jsonl.gz'

const urlOf = (version: string, name: string): URL => new URL(`${version}/${name}${ENDING}`, DATA)

/** The versions of QEMU of which there are recordings. */
export function recordedVersions(): string[] {
  return readdirSync(DATA).toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))
}

/** The recordings of a version whose name begins so. */
export function recordingNames(version: string, start = ''): string[] {
  const names = readdirSync(new URL(`${version}/`, DATA)).map((file) => file.slice(0, -ENDING.length))
  return names.filter((name) => name.startsWith(start))
}

export function readRecording<Head extends Header, Line>(version: string, name: string): Recording<Head, Line> {
  const [header, ...lines] = gunzipSync(readFileSync(urlOf(version, name)))
    .toString()
    .trimEnd()
    .split('\n')
  return { header: JSON.parse(header ?? '') as Head, lines: lines.map((line) => JSON.parse(line) as Line) }
}

/** Writes the recording of a version and tells its size in bytes. */
export function writeRecording<Head extends Header, Line>(
  version: string,
  name: string,
  { header, lines }: Recording<Head, Line>,
): number {
  const text = [header, ...lines].map((line) => `${JSON.stringify(line)}\n`).join('')
  const bytes = gzipSync(text, { level: 9 })
  mkdirSync(new URL(`${version}/`, DATA), { recursive: true })
  writeFileSync(urlOf(version, name), bytes)
  return bytes.length
}
