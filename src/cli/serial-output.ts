// Where the guest's serial line goes besides the timeline: to the terminal, both ways, or to a file.

import { closeSync, openSync, writeSync } from 'node:fs'
import type { Guest } from '../testing/guest.js'
import type { Terminal } from './terminal.js'

/** Connects the guest's COM1 as `--serial` says. Returns what ends that. */
export function connectSerial(guest: Guest, target: string | undefined, terminal: Terminal): () => void {
  if (target === undefined) return () => {}
  if (target === 'stdio') return connectTerminal(guest, terminal)
  const file = openSync(target, 'w')
  // At once, so that nothing is lost if this process is ended from outside.
  const stop = guest.serial.on((text) => void writeSync(file, text, null, 'latin1'))
  return () => {
    stop()
    closeSync(file)
  }
}

function connectTerminal(guest: Guest, terminal: Terminal): () => void {
  const stop = guest.serial.on((text) => terminal.out(text))
  const type = (bytes: Buffer) => guest.send(bytes.toString('latin1'))
  process.stdin.on('data', type)
  return () => {
    stop()
    process.stdin.off('data', type)
    // A terminal that is waited for would keep the process alive.
    process.stdin.pause()
  }
}
