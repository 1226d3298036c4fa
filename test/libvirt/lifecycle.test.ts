// Domains held against what a real libvirtd did: states, events, commands, refusals, for each recorded libvirt and QEMU.

import { describe, expect, it } from 'vitest'
import { Domain, type SavedDomain } from '../../src/libvirt/domain.js'
import { DomainError } from '../../src/libvirt/domain-state.js'
import { parseDomainXml } from '../../src/libvirt/parse-domain-xml.js'
import type { Machine } from '../../src/machine/machine.js'
import { launchMachine } from '../../src/qemu-options/launch-machine.js'
import { RECORDED_HOSTS, type RecordedHost, recordedCases } from './recorded.js'
import { LIFECYCLE_CASES, type LifecycleCase } from './recording/lifecycle-cases.js'

interface RecordedCommand {
  readonly command: string
  readonly status: number
  readonly output: string
  readonly state: string
}

interface Answer {
  readonly name: string
  readonly startError?: string
  readonly before?: RecordedCommand[]
  readonly states: string[]
  readonly events: string[]
  readonly qmp: string[]
  readonly dumps: string[]
  readonly after?: RecordedCommand[]
  readonly laterEvents?: string[]
  readonly laterQmp?: string[]
}

type RecordedCase = Omit<LifecycleCase, 'before' | 'after'> & Answer

const xmlOf = ({ lifecycle, devices, passthrough = [] }: RecordedCase): string => `
  <domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
    <name>DOMAIN</name><os><type arch='x86_64' machine='pc'>hvm</type></os>
    ${lifecycle}<devices>${devices}</devices>
    <qemu:commandline>${passthrough.map((value) => `<qemu:arg value='${value}'/>`).join('')}</qemu:commandline>
  </domain>`

const cannotCreate = (file: string) => `Failed to create file '${file}': No such file or directory`

/** What the guest writes, one write each time that it is let run; a panic stops it in between. */
class WritingGuest {
  #done = 0
  readonly #writes: LifecycleCase['guest']

  constructor({ guest }: RecordedCase) {
    this.#writes = guest
  }

  run(machine: Machine | undefined): void {
    for (; machine?.runState === 'running' && this.#done < this.#writes.length; this.#done++) {
      const { port = 0, value = 0 } = this.#writes[this.#done] ?? {}
      if (port === 0x604) machine.guestShutdown()
      else if (port === 0x64) machine.guestReset()
      else machine.bus.outb(port, value)
    }
  }
}

/** A domain of ours, with a record of what it told. */
class Watched {
  readonly domain: Domain
  readonly dumps: string[] = []
  #guest: WritingGuest
  readonly #entry: RecordedCase
  #events: string[] = []
  #qmp: string[] = []
  #saved: SavedDomain | undefined

  constructor(entry: RecordedCase, { libvirt, qemu }: RecordedHost) {
    this.#entry = entry
    this.#guest = new WritingGuest(entry)
    this.domain = new Domain(parseDomainXml(xmlOf(entry).trim(), { libvirt }), {
      libvirt,
      qemu,
      onWarning: () => {},
      transient: entry.transient === true,
      dump: (fileName) => {
        if (entry.dumpFails === true) throw new Error('in the way')
        if (fileName.includes('/none/')) throw new Error(cannotCreate(fileName))
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

  start(options: { paused?: boolean; forceBoot?: boolean }): void {
    const cannotSave = this.#entry.after?.find(({ command }) => command.startsWith('save DOMAIN FOLDER/none/'))
    if (cannotSave === undefined) {
      this.domain.start(options)
      return
    }
    const save = () => {
      throw new Error(cannotCreate(cannotSave.command.split(' ')[2] ?? ''))
    }
    void this.domain.start({ ...options, guest: { machine: launchMachine(['-no-shutdown']), save } })
  }

  /** The events since the last call. */
  told(): { events: string[]; qmp: string[] } {
    const told = { events: this.#events, qmp: this.#qmp }
    this.#events = []
    this.#qmp = []
    return told
  }

  /** Lets the guest do what it does as long as it runs. */
  letRun(): void {
    this.#guest.run(this.domain.machine)
  }

  run(command: string): { status: number; output: string } {
    try {
      const output = this.#execute(command)
      this.letRun()
      return { status: 0, output }
    } catch (error) {
      return { status: 1, output: `error: ${(error as Error).message}` }
    }
  }

  #execute(command: string): string {
    const { domain } = this
    const [verb = '', ...words] = command.split(' ')
    const has = (option: string) => words.includes(`--${option}`)
    const running = has('paused') ? { running: false } : has('running') ? { running: true } : {}
    switch (verb) {
      case 'set-lifecycle-action': {
        const [, event, action = ''] = words
        domain.setLifecycleAction(event as 'crash', action)
        return ''
      }
      case 'start':
        if (domain.machine === undefined) this.#guest = new WritingGuest(this.#entry) // it forgets what it did
        this.start({ forceBoot: has('force-boot') })
        return ''
      case 'monitor':
        return JSON.stringify({ return: domain.monitorCommand(words[1] ?? '') })
      case 'dump':
        domain.dump(words[1] ?? '', { live: has('live'), crash: has('crash'), reset: has('reset') })
        return ''
      case 'save':
        this.#saved = domain.save(running) as SavedDomain
        return ''
      case 'restore':
        if (this.#saved !== undefined) domain.restore(this.#saved, running)
        return ''
      case 'managedsave':
        domain.managedSave()
        return ''
      case 'managedsave-remove':
        domain.removeManagedSave()
        return ''
    }
    const commands = ['resume', 'suspend', 'reset', 'reboot', 'shutdown', 'destroy', 'kill'] as const
    const known = commands.find((name) => name === verb)
    if (known === undefined) throw new Error(`no such command: ${verb}`)
    domain[known]()
    return ''
  }
}

/**
 * The domain's events as a set, since libvirt's worker and event threads race: without `Suspended Paused`, which it
 * reports or not, and `control-error`, which tells of a command that the end of QEMU was faster than. How a saved guest is
 * written is of no concern here.
 */
const comparable = (events: readonly string[]): string[] =>
  [...new Set(events)].filter((event) => !UNCOMPARED.test(event)).sort()
const UNCOMPARED = /^(lifecycle: Suspended Paused|control-error|migration-iteration|job-completed)/

/**
 * QEMU's events in their order. The resets that SeaBIOS makes by itself, the size of a dump and what announces a quit
 * (see QUIT) are left out.
 */
const ordered = (events: readonly string[]): string[] =>
  events
    .filter((event) => !event.includes('guest-reset"') || event.startsWith('SHUTDOWN'))
    .filter((event) => !event.startsWith('MIGRATION') && !event.includes('host-qmp-quit'))
    .map((event) => event.replace(/^(DUMP_COMPLETED).*/, '$1'))

/** The last words of a QEMU that libvirt is ending: it reads them or not. */
const LAST_WORDS = ['STOP', 'SHUTDOWN: {"guest":false,"reason":"host-signal"}']
const beforeLastWords = (events: readonly string[]): readonly string[] =>
  events.slice(0, 1 + events.findLastIndex((event) => !LAST_WORDS.includes(event)))

/** @param ended the domain is shut off. */
function expectSameMonitor(ours: readonly string[], recorded: readonly string[], ended: boolean): void {
  const [told, known] = [ordered(ours), ordered(recorded)]
  if (ended) expect(beforeLastWords(told)).toEqual(beforeLastWords(known))
  else expect(told).toEqual(known)
}

/**
 * QEMU announces its end and ends: whether libvirt still reads the announcement is chance, of its own reply as of what
 * the domain comes to. Both were recorded from both versions.
 */
const announced = ({ after = [], laterEvents = [] }: RecordedCase): readonly string[] => {
  if (!after.some(({ command }) => command === QUIT)) return laterEvents
  const read = ['lifecycle: Shutdown Finished after host request', 'lifecycle: Stopped Shutdown']
  return laterEvents.flatMap((event) => (event === 'lifecycle: Stopped Failed' ? read : [event]))
}
const QUIT = 'monitor DOMAIN quit'
const ENDED = /^shut off \((shutdown|crashed)\)$/

/** Why QEMU did not start. When libvirt noticed that is chance, and so is which of these it says before it. */
const qemusReason = (text: string): string =>
  text.replace(
    /^(error: )?internal error: (process exited while connecting to monitor|qemu unexpectedly closed the monitor|QEMU unexpectedly closed the monitor \(vm='DOMAIN'\)): /,
    '',
  )

function messageOfStart(domain: Domain): string {
  try {
    domain.start()
    return 'it was started'
  } catch (error) {
    return (error as Error).message
  }
}

/** virsh puts a line of its own before libvirt's. */
const lastLine = (output: string): string => output.split('\n').at(-1) ?? ''

describe.each(RECORDED_HOSTS)('libvirt $libvirt with QEMU $qemu', (host) => {
  const cases = recordedCases<LifecycleCase, Answer>('lifecycle', host, LIFECYCLE_CASES) as unknown as RecordedCase[]

  it.each(cases.filter(({ startError }) => startError === undefined))('$name', (entry) => {
    const watched = new Watched(entry, host)
    const { domain } = watched
    watched.start({ paused: true })
    for (const { command, status, state } of entry.before ?? []) {
      expect(watched.run(command).status).toBe(status)
      expect(watched.status).toBe(state)
    }
    watched.told()
    if (entry.waits !== true) {
      domain.resume()
      watched.letRun()
    }
    expect(watched.status).toBe(entry.states.at(-1))
    const told = watched.told()
    expect(comparable(told.events)).toEqual(comparable(entry.events))
    expectSameMonitor(told.qmp, entry.qmp, domain.id === undefined)
    expect(watched.dumps.map((name) => name.replace(/\d/g, '0').replace('0-DOMAIN', ''))).toEqual(
      entry.dumps.map((name) => name.replace(/^0+-case0+/, '')),
    )

    for (const { command, status, output, state } of entry.after ?? []) {
      const result = watched.run(command)
      if (command === QUIT) {
        expect(watched.status).toMatch(ENDED)
        expect(state).toMatch(ENDED)
        continue
      }
      expect({ command, ...result }).toEqual({ command, status, output: lastLine(output) })
      expect([command, watched.status]).toEqual([command, state])
    }
    const later = watched.told()
    expect(comparable(later.events)).toEqual(comparable(announced(entry)))
    expectSameMonitor(later.qmp, entry.laterQmp ?? [], domain.id === undefined)
  })

  it.each(cases.filter(({ startError }) => startError !== undefined))(
    'does not start, in the same words: $name',
    (entry) => {
      const { domain } = new Watched(entry, host)
      expect(() => domain.start()).toThrow(DomainError)
      expect(qemusReason(messageOfStart(domain))).toBe(qemusReason(lastLine(entry.startError ?? '')))
      expect(domain.machine).toBeUndefined()
    },
  )
})
