// Starts the machine and the monitors that QEMU's options ask for.

import { accessSync, constants, rmSync, writeFileSync } from 'node:fs'
import { Duplex } from 'node:stream'
import { messageOf } from '../../common/message-of.js'
import { Machine } from '../../machine/machine.js'
import { GuestMemory } from '../../monitor/qtest/guest-memory.js'
import { MonitorServer, type Protocol } from '../../monitor/server/serve.js'
import { atProcessEnd } from '../../node/at-process-end.js'
import { connectPvpanicPci } from '../../pci/connect.js'
import { PciMemory } from '../../pci/pci-memory.js'
import type { CharacterDevice } from '../../qemu-options/chardev.js'
import { parseSystemOptions, type SystemOptions } from '../../qemu-options/command-line.js'
import { OptionError } from '../../qemu-options/keyval.js'
import { openQtestLog, type QtestLog } from './qtest-log.js'
import { openUnusedSocket } from './unused-socket.js'

/** A machine that is served; `server.ended` tells of its end. */
export interface System {
  readonly machine: Machine
  readonly server: MonitorServer
}

/**
 * Does what QEMU's options say.
 * @param complain told of what QEMU would write to standard error, without the program's name.
 * @throws {OptionError} with what QEMU says of options it refuses; every line is one to complain of.
 * @throws {HelpRequest} if the options ask for text in place of a machine.
 */
export async function startSystem(args: readonly string[], complain: (text: string) => void): Promise<System> {
  const options = parseSystemOptions(args, complain)
  checkReadable(options.bios)
  const memory = new GuestMemory(options.memorySize)
  const machine = new Machine({ ...options.machine, memory })
  const pci = options.pvpanicPci.length === 0 ? undefined : connectPvpanicPci(machine, options.pvpanicPci)
  let log: QtestLog = () => {}
  const server = new MonitorServer(machine, {
    memory: pci === undefined ? memory : new PciMemory(pci, memory),
    deviceIds: options.deviceIds,
    ...(options.name !== undefined && { name: options.name }),
    ...(options.uuid !== undefined && { uuid: options.uuid }),
    ...(options.preconfig && {
      onPreconfigEnd: () => {
        if (options.preconfig?.startsGuest) machine.cont()
      },
    }),
    onQtestLine: (direction, line) => log(direction, line),
    onWarning: (text) => complain(`warning: ${text}`),
  })
  try {
    await openSockets(server, options)
    if (options.qtest !== undefined && options.qtestLog !== 'none') log = openQtestLog(options.qtestLog)
    if (options.pidFile !== undefined) writePidFile(options.pidFile)
    if (options.endsWithParent) endWithParent(machine)
    return { machine, server }
  } catch (error) {
    await server.close()
    throw error
  }
}

async function openSockets(server: MonitorServer, { qmp, unused, qtest }: SystemOptions): Promise<void> {
  for (const { option, device } of unused) await open(server, undefined, device, (text) => `${option}: ${text}`)
  for (const { option, device } of qmp) await open(server, 'qmp', device, (text) => `${option}: ${text}`)
  if (qtest === undefined) return
  await open(server, 'qtest', qtest, (text) => {
    return `${text}\n${NEXT_COMPLAINT}Failed to initialize device for qtest: "${qtest.text}"`
  })
}

/** Stands before a line of a message that is a complaint of its own. */
export const NEXT_COMPLAINT = '\0'

async function open(
  server: MonitorServer,
  protocol: Protocol | undefined,
  device: CharacterDevice,
  explain: (text: string) => string,
): Promise<void> {
  if (device.kind === 'stdio') {
    if (protocol !== undefined)
      server.attach(protocol, Duplex.from({ readable: process.stdin, writable: process.stdout }))
    return
  }
  const { kind, address } = device
  try {
    if (protocol === undefined) await openUnusedSocket(kind, address, server.ended)
    else if (kind === 'listen') await server.listen(protocol, address)
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
  return REASONS[code] ?? messageOf(error)
}

function writePidFile(path: string): void {
  try {
    writeFileSync(path, `${process.pid}\n`)
  } catch (error) {
    throw new OptionError(`cannot create PID file: Could not create '${path}': ${reason(error)}`)
  }
  atProcessEnd(() => rmSync(path, { force: true }))
}

const PARENT_CHECK_MS = 200

/** Ends the machine when the process that started this one has gone. */
function endWithParent(machine: Machine): void {
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    if (machine.exitCode === undefined) machine.quit('host-signal')
  }, PARENT_CHECK_MS)
}

function checkReadable(bios: string | undefined): void {
  if (bios === undefined) return
  try {
    accessSync(bios, constants.R_OK)
  } catch {
    throw new OptionError(`could not load PC BIOS '${bios}'`)
  }
}
