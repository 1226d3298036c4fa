// Where the guest's serial line goes besides the timeline: to the terminal, both ways, or to a file.

import { closeSync, writeSync } from 'node:fs'
import { fileErrorOf } from '../../common/message-of.js'
import { showSize } from '../../common/size.js'
import type { Guest } from '../../testing/guest.js'
import type { Terminal } from '../terminal.js'
import { createUserFile } from '../user-files.js'

/** What `--serial` asks for, ready before there is a guest. */
export interface SerialOutput {
  /** Connects the guest's COM1. */
  connect(guest: Guest): void
  close(): void
}

/** What is told of a file. */
export interface SerialFileListener {
  /** It has as many bytes as it may have; the rest is not written. */
  onCut(text: string): void
  /** It cannot be written any more. */
  onFailure(text: string): void
}

/**
 * @param limit bytes that a file may get.
 * @throws {UsageError} if the file cannot be written.
 */
export function openSerial(
  target: string | undefined,
  limit: number,
  terminal: Terminal,
  listener: SerialFileListener,
): SerialOutput {
  if (target === undefined) return { connect() {}, close() {} }
  return target === 'stdio' ? terminalOutput(terminal) : fileOutput(target, limit, listener)
}

function fileOutput(path: string, limit: number, { onCut, onFailure }: SerialFileListener): SerialOutput {
  const file = createUserFile(path)
  let stop = () => {}
  let room = limit
  // At once, so that nothing is lost if this process is ended from outside.
  const write = (text: string) => {
    try {
      const bytes = Buffer.from(text.slice(0, room), 'latin1')
      for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done)
      room -= bytes.length
      if (bytes.length === text.length) return
      onCut(`${path}: cut at its limit of ${showSize(limit)} (--serial-limit)`)
    } catch (error) {
      onFailure(`${path}: cannot be written: ${fileErrorOf(error)}`)
    }
    stop()
  }
  return {
    connect(guest) {
      stop = guest.serial.on(write)
    },
    close() {
      stop()
      closeSync(file)
    },
  }
}

function terminalOutput(terminal: Terminal): SerialOutput {
  let stop = () => {}
  return {
    connect(guest) {
      const stopText = guest.serial.on((text) => terminal.raw(text))
      const type = (bytes: Buffer) => guest.send(bytes.toString('latin1'))
      process.stdin.on('data', type)
      stop = () => {
        stopText()
        process.stdin.off('data', type)
        // A terminal that is waited for would keep the process alive.
        process.stdin.pause()
      }
    },
    close: () => stop(),
  }
}
