// How a timeline looks on a terminal.

import type { Terminal } from './terminal.js'
import type { TimelineEntry } from './timeline.js'

const COLOURS = {
  serial: 'white',
  ports: 'gray',
  event: 'yellow',
  state: 'cyan',
  domain: 'blue',
  host: 'magenta',
  end: 'green',
} as const

/** Prints one entry: milliseconds, kind, text. */
export function printEntry(terminal: Terminal, { time, kind, text }: TimelineEntry): void {
  terminal.out(`${time.toFixed(1).padStart(8)}  `)
  terminal.out(`${kind.padEnd(6)}  ${text}`, COLOURS[kind])
  terminal.out('\n')
}
