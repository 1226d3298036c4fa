// Where the guest's serial line goes besides the timeline: to the terminal, both ways, or to a file.

import { closeSync, writeSync } from 'node:fs'
import type { Guest } from '../../testing/guest.js'
import type { Terminal } from '../terminal.js'
import { createUserFile } from '../user-files.js'

/** What `--serial` asks for, ready before there is a guest. */
export interface SerialOutput {
  /** Connects the guest's COM1. */
  connect(guest: Guest): void
  close(): void
}

/** @throws {UsageError} if the file cannot be written. */
export function openSerial(target: string | undefined, terminal: Terminal): SerialOutput {
  let stop = () => {}
  if (target === undefined) return { connect() {}, close() {} }
  if (target === 'stdio') {
    return {
      connect(guest) {
        stop = connectTerminal(guest, terminal)
      },
      close: () => stop(),
    }
  }
  const file = createUserFile(target)
  return {
    connect(guest) {
      // At once, so that nothing is lost if this process is ended from outside.
      stop = guest.serial.on((text) => void writeSync(file, text, null, 'latin1'))
    },
    close() {
      stop()
      closeSync(file)
    },
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
