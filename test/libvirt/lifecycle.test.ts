// Domains held against what a real libvirtd did: states, events, commands, refusals.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Domain } from '../../src/libvirt/domain.js'
import { parseDomainXml } from '../../src/libvirt/parse-domain-xml.js'
import type { LifecycleCase } from './recording/lifecycle-cases.js'

interface RecordedCommand {
  readonly command: string
  readonly status: number
  readonly output: string
  readonly state: string
}

interface Recorded extends LifecycleCase {
  readonly startError?: string
  readonly before?: never
  readonly states: string[]
  readonly events: string[]
  readonly qmp: string[]
  readonly dumps: string[]
}

interface RecordedCommands {
  readonly before?: RecordedCommand[]
  readonly after?: RecordedCommand[]
  readonly laterEvents?: string[]
  readonly laterQmp?: string[]
}

type RecordedCase = Omit<Recorded, 'before' | 'after'> & RecordedCommands

const recording = new URL('recordings/lifecycle.json', import.meta.url)
const { cases } = JSON.parse(readFileSync(recording, 'utf8')) as { cases: RecordedCase[] }

const xmlOf = ({ lifecycle, devices, passthrough = [] }: RecordedCase): string => `
  <domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
    <name>DOMAIN</name><os><type arch='x86_64' machine='pc'>hvm</type></os>
    ${lifecycle}<devices>${devices}</devices>
    <qemu:commandline>${passthrough.map((value) => `<qemu:arg value='${value}'/>`).join('')}</qemu:commandline>
  </domain>`

/** A domain of ours, with a record of what it told. */
class Watched {
  readonly domain: Domain
  readonly dumps: string[] = []
  #events: string[] = []
  #qmp: string[] = []

  constructor(entry: RecordedCase) {
    this.domain = new Domain(parseDomainXml(xmlOf(entry).trim()), {
      qemu: '7.2',
      dialect: 'libvirt',
      onWarning: () => {},
      transient: entry.transient === true,
      dump: (fileName) => {
        if (entry.dumpFails === true) throw new Error('in the way')
        this.dumps.push(fileName)
      },
    })
    this.domain.on((event) => {
      this.#events.push(event.name === 'lifecycle' ? `lifecycle: ${event.detail}` : event.name)
    })
    this.domain.onMonitor(({ event, data }) => {
      this.#qmp.push(data === undefined ? event : `${event}: ${JSON.stringify(data)}`)
    })
  }

  get status(): string {
    const { state, reason } = this.domain.state
    return this.domain.exists ? `${state} (${reason})` : "error: failed to get domain 'DOMAIN'"
  }

  /** The events since the last call. */
  told(): { events: string[]; qmp: string[] } {
    const told = { events: this.#events, qmp: this.#qmp }
    this.#events = []
    this.#qmp = []
    return told
  }

  run(command: string, guest: () => void): { status: number; output: string } {
    const [verb = '', , event, action = ''] = command.split(' ')
    try {
      if (verb === 'set-lifecycle-action') {
        if (event === 'crash') this.domain.setLifecycleAction(event, action)
      } else if (verb === 'start') {
        this.domain.start()
        guest() // a new process has forgotten that it panicked before
      } else {
        const commands: Record<string, () => void> = {
          resume: () => this.domain.resume(),
          suspend: () => this.domain.suspend(),
          reset: () => this.domain.reset(),
          reboot: () => this.domain.reboot(),
          shutdown: () => this.domain.shutdown(),
          destroy: () => this.domain.destroy(),
        }
        commands[verb]?.()
      }
      return { status: 0, output: '' }
    } catch (error) {
      return { status: 1, output: `error: ${(error as Error).message}` }
    }
  }
}

/**
 * The domain's events as a set, since libvirt's worker and event threads race: without `Suspended Paused`, which it
 * reports or not, and `control-error`, which tells of a command that the end of QEMU was faster than.
 */
const comparable = (events: readonly string[]): string[] =>
  [...new Set(events)].filter((event) => !['lifecycle: Suspended Paused', 'control-error'].includes(event)).sort()

/** QEMU's events in their order. The resets that SeaBIOS makes by itself, and the size of a dump, are left out. */
const ordered = (events: readonly string[]): string[] =>
  events.filter((event) => !event.includes('guest-reset')).map((event) => event.replace(/^(DUMP_COMPLETED).*/, '$1'))

/** libvirt may have closed the monitor before it read the last STOP. */
function expectSameMonitor(ours: readonly string[], recorded: readonly string[]): void {
  const known = ordered(recorded)
  const cut = ours.at(-1) === 'STOP' && known.at(-1) !== 'STOP'
  expect(ordered(cut ? ours.slice(0, -1) : ours)).toEqual(known)
}

/** virsh puts a line of its own before libvirt's. */
const lastLine = (output: string): string => output.split('\n').at(-1) ?? ''

describe('a panicking domain, as libvirtd 9.0.0 with QEMU 7.2.22', () => {
  it.each(cases.filter(({ startError }) => startError === undefined))('$name', (entry) => {
    const watched = new Watched(entry)
    const { domain } = watched
    const guest = () => domain.machine?.bus.outb(entry.guest.port, entry.guest.value)

    domain.start({ paused: true })
    for (const { command, status, state } of entry.before ?? []) {
      expect(watched.run(command, guest).status).toBe(status)
      expect(watched.status).toBe(state)
    }
    watched.told()
    domain.resume()
    guest()
    expect(watched.status).toBe(entry.states.at(-1))
    const told = watched.told()
    expect(comparable(told.events)).toEqual(comparable(entry.events))
    expectSameMonitor(told.qmp, entry.qmp)
    expect(watched.dumps.map((name) => name.replace(/\d/g, '0').replace('0-DOMAIN', ''))).toEqual(
      entry.dumps.map((name) => name.replace(/^0+-case0+/, '')),
    )

    for (const { command, status, output, state } of entry.after ?? []) {
      const result = watched.run(command, guest)
      expect({ command, ...result }).toEqual({ command, status, output: lastLine(output) })
      expect([command, watched.status]).toEqual([command, state])
    }
    const later = watched.told()
    expect(comparable(later.events)).toEqual(comparable(entry.laterEvents ?? []))
    expectSameMonitor(later.qmp, entry.laterQmp ?? [])
  })
})

describe('a domain that QEMU cannot start', () => {
  it.each(cases.filter(({ startError }) => startError !== undefined))(
    'is refused in the same words: $name',
    (entry) => {
      const { domain } = new Watched(entry)
      expect(() => domain.start()).toThrow(lastLine(entry.startError ?? '').replace('error: ', ''))
      expect(domain.machine).toBeUndefined()
    },
  )
})
