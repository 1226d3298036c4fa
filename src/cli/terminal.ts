// Where the programs write, and whether in colours: a process's own streams, or a test's.

import { styleText } from 'node:util'

export interface Terminal {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** Whether a person looks at `out` and wants colours. */
  readonly colours: boolean
}

/** The terminal of this process. A reader that leaves early (`| head`) is no error: the rest goes nowhere. */
export function processTerminal(): Terminal {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  }
  return {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    colours: process.stdout.isTTY === true && process.env.NO_COLOR === undefined,
  }
}

export function colour({ colours }: Terminal, style: Parameters<typeof styleText>[0], text: string): string {
  return colours ? styleText(style, text) : text
}
