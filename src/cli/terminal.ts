// Where the programs write, and whether in colours: a process's own streams, or a test's.

import { styleText } from 'node:util'
import { EXIT } from './exit-codes.js'

export interface Terminal {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** Whether a person looks at `out` and wants colours. */
  readonly colours: boolean
}

/**
 * The terminal of this process. A reader that leaves early (`| head`) is no error: the rest goes nowhere. Output that
 * cannot be written otherwise, to a full disk say, ends the process.
 */
export function processTerminal(): Terminal {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return
    process.stderr.write(`isa-pvpanic: the output cannot be written: ${error.message}\n`)
    process.exit(EXIT.fault)
  })
  // There is nowhere left to say so.
  process.stderr.on('error', () => {})
  return {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    colours: process.stdout.isTTY === true && process.env.NO_COLOR === undefined,
  }
}

export function colour({ colours }: Terminal, style: Parameters<typeof styleText>[0], text: string): string {
  return colours ? styleText(style, text) : text
}
