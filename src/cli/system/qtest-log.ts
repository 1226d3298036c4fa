// QEMU's log of a qtest conversation: each line with its direction and the seconds since the conversation began.

import { createWriteStream } from 'node:fs'

/** Takes lines as they are received and sent. */
export type QtestLog = (direction: 'received' | 'sent', line: string) => void

const LETTERS = { received: 'R', sent: 'S' } as const

/** @param target a file's name, or undefined for standard error. */
export function openQtestLog(target: string | undefined): QtestLog {
  const output = target === undefined ? process.stderr : createWriteStream(target)
  const start = performance.now()
  output.write('[I 0.000000] OPENED\n')
  return (direction, line) => {
    const seconds = ((performance.now() - start) / 1000).toFixed(6)
    output.write(`[${LETTERS[direction]} +${seconds}] ${line}\n`)
  }
}
