// Executes QMP commands on a machine of this process, without a connection.

import { QmpError } from './error.js'
import type { QmpMonitor } from './monitor.js'
import { QmpSession } from './session.js'

/** Gives what the command returned. @throws {QmpError} if it is refused. */
export function executeQmp(monitor: QmpMonitor, command: string, args?: Readonly<Record<string, unknown>>): unknown {
  let reply = ''
  const send = (bytes: Uint8Array) => {
    reply = new TextDecoder().decode(bytes)
  }
  const session = new QmpSession(monitor, { send, events: false })
  const ask = (request: object) => session.receive(new TextEncoder().encode(`${JSON.stringify(request)}\n`))
  ask({ execute: 'qmp_capabilities' })
  ask({ execute: command, ...(args && { arguments: args }) })
  session.end()
  const answer: { return?: unknown; error?: { desc: string; class: string } } = JSON.parse(reply)
  if (answer.error !== undefined) throw new QmpError(answer.error.desc, answer.error.class)
  return answer.return
}
