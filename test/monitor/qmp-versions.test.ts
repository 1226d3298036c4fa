// What a QMP session offers as another QEMU version, or without what is optional.

import { describe, expect, it } from 'vitest'
import { Machine } from '../../src/machine/machine.js'
import { QmpMonitor } from '../../src/monitor/qmp/monitor.js'
import { QmpSession, type QmpSessionOptions } from '../../src/monitor/qmp/session.js'

class Client {
  readonly #session: QmpSession
  readonly machine: Machine
  #output = ''

  constructor(qemu: string, options: Partial<QmpSessionOptions> = {}) {
    this.machine = new Machine({ qemu })
    this.#session = new QmpSession(new QmpMonitor(this.machine), {
      send: (bytes) => {
        this.#output += Buffer.from(bytes).toString()
      },
      ...options,
    })
    this.#session.start()
  }

  take(): unknown[] {
    const lines = this.#output.trimEnd().split('\r\n')
    this.#output = ''
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as unknown)
  }

  ask(execute: string, args?: unknown): unknown {
    this.take()
    this.#session.receive(Buffer.from(JSON.stringify({ execute, arguments: args })))
    return this.take()[0]
  }

  negotiate(): this {
    this.ask('qmp_capabilities')
    return this
  }

  end(): void {
    this.#session.end()
  }
}

const notFound = (command: string) => ({
  error: { class: 'CommandNotFound', desc: `The command ${command} has not been found` },
})

describe('a QMP session', () => {
  // QEMU's history: set-action came and query-events went with 6.0; singlestep left query-status with 9.0.
  it('has query-events, and no set-action, before QEMU 6.0', () => {
    const client = new Client('5.2').negotiate()
    expect(client.ask('set-action')).toEqual(notFound('set-action'))
    expect(client.ask('query-events')).toMatchObject({
      return: expect.arrayContaining([{ name: 'GUEST_PANICKED' }, { name: 'GUEST_CRASHLOADED' }]) as unknown,
    })
  })

  it('has set-action, and no query-events, from QEMU 6.0 on', () => {
    const client = new Client('6.0').negotiate()
    expect(client.ask('query-events')).toEqual(notFound('query-events'))
    expect(client.ask('set-action', { panic: 'none' })).toEqual({ return: {} })
    expect(client.machine.actions.onPanic).toBe('log')
  })

  it.each([
    ['8.2', { status: 'running', singlestep: false, running: true }],
    ['9.0', { status: 'running', running: true }],
  ])('tells the status as QEMU %s', (version, status) => {
    expect(new Client(version).negotiate().ask('query-status')).toEqual({ return: status })
  })

  it('names the version that it behaves like', () => {
    const [greeting] = new Client('7.2.22').take()
    const version = { qemu: { major: 7, minor: 2, micro: 22 }, package: 'isa-pvpanic' }
    expect(greeting).toEqual({ QMP: { version, capabilities: ['oob'] } })
  })

  it('does not let a client enable what is not offered', () => {
    const client = new Client('7.2', { oob: false })
    expect(client.take()).toMatchObject([{ QMP: { capabilities: [] } }])
    expect(client.ask('qmp_capabilities', { enable: ['oob'] })).toMatchObject({ error: { class: 'GenericError' } })
    expect(client.ask('qmp_capabilities')).toEqual({ return: {} })
  })

  it('sends no event any more once it was told that the client has gone', () => {
    const client = new Client('7.2').negotiate()
    client.machine.stop()
    expect(client.take()).toMatchObject([{ event: 'STOP' }])
    client.end()
    client.machine.cont()
    expect(client.take()).toEqual([])
  })
})
