// The recording of QMP conversations with a real QEMU: its form, and how it is read.

import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

/** Bytes to send: each character is one byte; or a text many times over. */
export type Send = string | { readonly repeat: string; readonly times: number }

/** A line of output, or so many of the same in a row. */
export type Lines = readonly (string | { readonly line: string; readonly times: number })[]

/** What was sent in one go, and all that came back. */
export interface Exchange {
  readonly send: Send
  readonly output: Lines
}

/** A conversation with one QEMU process, from its greeting on. */
export interface RecordedConversation {
  readonly title: string
  /** QEMU's arguments beside those that every one of them gets. */
  readonly arguments: readonly string[]
  readonly greeting: Lines
  readonly exchanges: readonly Exchange[]
}

/** The lines of `info mtree -f` that tell of the DMA controllers and the device, with the device at a port. */
export interface RecordedTree {
  readonly ioport: number
  readonly lines: readonly string[]
}

export interface QmpRecording {
  /** First line of the program's `--version`. */
  readonly program: string
  readonly conversations: readonly RecordedConversation[]
  /** Random pieces of JSON, each followed by `RESYNC`. */
  readonly fuzz: readonly Exchange[]
  /** What query-commands listed. */
  readonly commands: readonly string[]
  readonly trees: readonly RecordedTree[]
}

/** The recording of the conversations with a QEMU version, such as '7.2'. */
export function recordingUrl(series: string): URL {
  return new URL(`recordings/qmp-${series}.json.gz`, import.meta.url)
}

/** '7.2' in the first line of a program's `--version`. */
export function seriesOf(program: string): string {
  return /version (\d+\.\d+)/.exec(program)?.[1] ?? program
}

/** Gets a parser out of whatever state it is in, and shows that it is. */
export const RESYNC = '\xff\n{"execute":"query-name","id":"resync"}'
export const RESYNC_REPLY = '{"return": {}, "id": "resync"}'

export function readQmpRecording(series: string): QmpRecording {
  return JSON.parse(gunzipSync(readFileSync(recordingUrl(series))).toString()) as QmpRecording
}

/** The bytes of a `Send`, in pieces of at most a megabyte. */
export function* bytesOf(send: Send): Generator<Uint8Array> {
  if (typeof send === 'string') {
    yield Buffer.from(send, 'latin1')
    return
  }
  const perPiece = Math.ceil((1 << 20) / send.repeat.length)
  for (let left = send.times; left > 0; left -= perPiece) {
    yield Buffer.from(send.repeat.repeat(Math.min(left, perPiece)), 'latin1')
  }
}

/** Output as lines, with what differs from run to run made the same. */
export function normalise(output: string): Lines {
  const lines = output
    .replace(/"timestamp": \{"seconds": \d+, "microseconds": \d+\}/g, '"timestamp": T')
    .replace(/"package": "[^"]*"/g, '"package": "P"')
    .split('\r\n')
  const packed: { line: string; times: number }[] = []
  for (const line of lines) {
    const last = packed.at(-1)
    if (last?.line === line) last.times++
    else packed.push({ line, times: 1 })
  }
  if (packed.at(-1)?.line === '') packed.pop()
  return packed.map(({ line, times }) => (times === 1 ? line : { line, times }))
}
