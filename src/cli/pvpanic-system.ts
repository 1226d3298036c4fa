#!/usr/bin/env node
// pvpanic-system-x86_64: a machine under QEMU's own options, for programs that start QEMU.

import { accessSync, constants } from 'node:fs'
import { basename } from 'node:path'
import { Duplex } from 'node:stream'
import { Machine } from '../machine/machine.js'
import { GuestMemory } from '../monitor/guest-memory.js'
import { MonitorServer, type Protocol } from '../monitor/serve.js'
import type { CharacterDevice } from './qemu-chardev-option.js'
import { HelpRequest, OptionError } from './qemu-keyval.js'
import { parseSystemOptions, type SystemOptions } from './qemu-options.js'
import { openQtestLog } from './qtest-log.js'

const PROGRAM = 'pvpanic-system-x86_64'
const END_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

async function main(): Promise<void> {
  const options = parseSystemOptions(process.argv.slice(2), complain)
  checkReadable(options.bios)
  const memory = new GuestMemory(options.memorySize)
  const machine = new Machine({ ...options.machine, memory, cpu: { ...IDLE_CPU, powerOff: () => setImmediate(end) } })
  const server = new MonitorServer(machine, {
    memory,
    deviceIds: options.deviceIds,
    ...(options.name !== undefined && { name: options.name }),
    ...(options.uuid !== undefined && { uuid: options.uuid }),
    ...(options.qtest !== undefined && options.qtestLog !== 'none' && { onQtestLine: openQtestLog(options.qtestLog) }),
    warn: (text) => complain(`warning: ${text}`),
  })
  for (const signal of END_SIGNALS) process.on(signal, () => endBySignal(machine))
  await openSockets(server, options)
  // Without a socket there is nothing that would keep the process alive, and a machine does not end by itself.
  const alive = setInterval(() => {}, 1 << 30)
  await server.ended
  clearInterval(alive)
  process.exit(machine.exitCode ?? 0)

  function end(): void {
    void server.close()
  }
}

function endBySignal(machine: Machine): void {
  if (machine.exitCode === undefined) machine.quit('host-signal')
}

/** Nothing executes: the guest's accesses come over qtest. */
const IDLE_CPU = { pause() {}, resume() {}, reset() {} }

async function openSockets(server: MonitorServer, { qmp, qtest }: SystemOptions): Promise<void> {
  for (const device of qmp) await open(server, 'qmp', device, (text) => `-qmp ${device.text}: ${text}`)
  if (qtest === undefined) return
  const explain = (text: string) => `${text}\n${programName()}: Failed to initialize device for qtest: "${qtest.text}"`
  await open(server, 'qtest', qtest, explain)
}

async function open(
  server: MonitorServer,
  protocol: Protocol,
  device: CharacterDevice,
  explain: (text: string) => string,
): Promise<void> {
  if (device.kind === 'stdio') {
    server.attach(protocol, Duplex.from({ readable: process.stdin, writable: process.stdout }))
    return
  }
  const { kind, address } = device
  try {
    if (kind === 'listen') await server.listen(protocol, address)
    else await server.connect(protocol, address)
  } catch (error) {
    const where = 'path' in address ? address.path : `${address.host}:${address.port}`
    const what = kind === 'listen' ? `Failed to bind socket to ${where}` : `Failed to connect to '${where}'`
    throw new OptionError(explain(`${what}: ${reason(error)}`))
  }
}

/** The operating system's words for the errors that happen, which Node gives as codes. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'No such file or directory',
  ECONNREFUSED: 'Connection refused',
  EACCES: 'Permission denied',
  EADDRINUSE: 'Address already in use',
}

function reason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return REASONS[code] ?? (error instanceof Error ? error.message : String(error))
}

function checkReadable(bios: string | undefined): void {
  if (bios === undefined) return
  try {
    accessSync(bios, constants.R_OK)
  } catch {
    throw new OptionError(`could not load PC BIOS '${bios}'`)
  }
}

/** What the program was called as, which is what its messages begin with. */
function programName(): string {
  const name = basename(process.argv[1] ?? PROGRAM)
  return /\.[cm]?[jt]s$/.test(name) ? PROGRAM : name
}

function complain(text: string): void {
  process.stderr.write(`${programName()}: ${text}\n`)
}

main().catch((error: unknown) => {
  if (error instanceof HelpRequest) {
    process.stdout.write(error.text, () => process.exit(error.exitCode))
    return
  }
  complain(error instanceof Error ? error.message : String(error))
  process.exit(1)
})
