#!/usr/bin/env node
// Starts the program pvpanic-system-x86_64 as a process: a machine under QEMU's own options, for programs that start QEMU.

import { spawn } from 'node:child_process'
import { basename } from 'node:path'
import { messageOf } from '../../common/message-of.js'
import { parseSystemOptions } from '../../qemu-options/command-line.js'
import { HelpRequest } from '../../qemu-options/keyval.js'
import { quitOnSignals } from '../end-signals.js'
import { NEXT_COMPLAINT, startSystem } from './system.js'

const PROGRAM = 'pvpanic-system-x86_64'

async function main(): Promise<number> {
  const args = process.argv.slice(2)
  if (!isInBackground && parseSystemOptions(args, () => {}).inBackground) return startInBackground()
  const { machine, server } = await startSystem(args, complain)
  quitOnSignals(machine)
  if (isInBackground) tellReady()
  // Without a socket nothing else would keep the process alive, and a machine does not end by itself.
  const alive = setInterval(() => {}, 1 << 30)
  await server.ended
  clearInterval(alive)
  return machine.exitCode ?? 0
}

/** Set for the process that -daemonize starts. */
const BACKGROUND_VARIABLE = 'PVPANIC_SYSTEM_IN_BACKGROUND'
const isInBackground = process.env[BACKGROUND_VARIABLE] !== undefined

/** Starts this program anew, on its own. @returns 0 once its sockets are open, or its exit code if it fails before. */
function startInBackground(): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...process.env, [BACKGROUND_VARIABLE]: '1' },
  })
  child.stderr?.pipe(process.stderr)
  return new Promise((resolve) => {
    child.once('message', () => resolve(0))
    child.once('close', (code) => resolve(code ?? 1))
  })
}

/** Who started this process may end, and with it where standard error goes. */
function tellReady(): void {
  process.stderr.on('error', () => {})
  process.send?.('ready')
  process.disconnect?.()
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
