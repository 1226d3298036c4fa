#!/usr/bin/env node
// Starts the program pvpanic-system-x86_64 as a process: a machine under QEMU's own options, for programs that start QEMU.

import { basename } from 'node:path'
import { messageOf } from '../../common/message-of.js'
import { HelpRequest } from '../../qemu-options/keyval.js'
import { quitOnSignals } from '../end-signals.js'
import { NEXT_COMPLAINT, startSystem } from './system.js'

const PROGRAM = 'pvpanic-system-x86_64'

async function main(): Promise<number> {
  const { machine, server } = await startSystem(process.argv.slice(2), complain)
  quitOnSignals(machine)
  // Without a socket nothing else would keep the process alive, and a machine does not end by itself.
  const alive = setInterval(() => {}, 1 << 30)
  await server.ended
  clearInterval(alive)
  return machine.exitCode ?? 0
}

/** What the program was called as, which is what its messages begin with. */
function programName(): string {
  const name = basename(process.argv[1] ?? PROGRAM)
  return /\.[cm]?[jt]s$/.test(name) ? PROGRAM : name
}

function complain(text: string): void {
  process.stderr.write(`${programName()}: ${text.replaceAll(NEXT_COMPLAINT, `${programName()}: `)}\n`)
}

try {
  process.exit(await main())
} catch (error) {
  if (error instanceof HelpRequest) {
    process[error.output].write(error.text)
    process.exitCode = error.exitCode
  } else {
    complain(messageOf(error))
    process.exitCode = 1
  }
}
