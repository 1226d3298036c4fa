// The proposal's argument, run from domain XML to the guest's panic.

import { describe, expect, it } from 'vitest'
import { domainWarnings } from '../../src/libvirt/domain-warnings.js'
import { examineDomain } from '../../src/libvirt/examine-domain.js'
import { parseDomainXml } from '../../src/libvirt/parse-domain-xml.js'
import { runGuest } from '../../src/libvirt/scripted-guest.js'
import { executeQmp } from '../../src/monitor/qmp/execute.js'
import { advisedDomain, fallbackRows, guestPolicyRows, planDomain, updateRows } from '../../src/plan-2013/argument.js'
import { capabilitiesXml, readCapabilities } from '../../src/plan-2013/capabilities.js'
import { detectMarker, MARKERS } from '../../src/plan-2013/detection.js'
import { migrate } from '../../src/plan-2013/migration.js'
import { OPTIONS, planPanicNotifier, STAGES } from '../../src/plan-2013/plan-panic-notifier.js'
import { plannedMachine, plannedMonitor } from '../../src/plan-2013/planned-machine.js'
import { PLANNED_RANGES } from '../../src/plan-2013/planned-qemu.js'
import { PROPOSAL } from '../../src/plan-2013/proposal.js'
import { simulate } from '../../src/plan-2013/simulate.js'

const PANIC_NOTIFIER = `<domain type='qemu'><name>guest</name><os><type arch='x86_64'>hvm</type></os>
  <on_crash>preserve</on_crash><devices><panic-notifier/></devices></domain>`

describe('<panic-notifier/> in domain XML', () => {
  it.each(OPTIONS)('leads, under option %s, to a plan, a domain, and what on_crash says', (option) => {
    const plan = planDomain(PANIC_NOTIFIER, { qemu: '1.7.0', machineType: 'pc', option })
    expect(plan.input.element).toBe(true)
    const { port, state } = simulate(plan, { driver: 'firmware' })
    expect([port, state]).toEqual([0x505, { state: 'crashed', reason: 'panicked' }])
  })

  it('is dropped by libvirt as it is, with a warning here', () => {
    const definition = parseDomainXml(PANIC_NOTIFIER)
    expect(definition.panics).toEqual([])
    expect(domainWarnings(definition)).toContainEqual(expect.stringContaining('libvirt drops it silently'))
    const { devices, outcomes } = examineDomain(definition)
    expect(devices).toEqual([])
    expect(outcomes.every(({ action }) => action === 'guest policy')).toBe(true)
  })
})

describe('the capability', () => {
  it('is made for a host and read back', () => {
    const plan = (qemu: string, stage: 'A' | 'B') =>
      planPanicNotifier({ qemu, machineType: 'pc', option: '2b', element: false, stage })
    const read = (qemu: string, stage: 'A' | 'B') => readCapabilities(capabilitiesXml(plan(qemu, stage)))
    expect(read('1.7.0', 'B')).toEqual({ panicNotifier: true, ignore: true })
    expect(read('1.6.1', 'B')).toEqual({ panicNotifier: false, ignore: true })
    expect(read('1.6.1', 'A')).toEqual({ panicNotifier: true, ignore: false })
  })

  it('makes libosinfo add the element with ignore, or leave the domain as it was', () => {
    const host = { machineType: 'pc', option: '2b' } as const
    const good = advisedDomain({ ...host, qemu: '1.7.0' }, { hasDriver: true })
    expect(good).toContain('<panic-notifier/>')
    expect(good).toContain('<on_crash>ignore</on_crash>')
    const old = advisedDomain({ ...host, qemu: '1.6.0' }, { hasDriver: true })
    expect(old).not.toContain('panic-notifier')
    expect(old).toContain('<on_crash>destroy</on_crash>')
    expect(advisedDomain({ ...host, qemu: '1.7.0' }, { hasDriver: false })).not.toContain('panic-notifier')
  })

  // Five ranges of versions with the device, two kinds of machine type: counted by hand from the proposal.
  it('lets guest policy always be followed under 2b, and not under 1 and 2a', () => {
    expect(guestPolicyRows()).toEqual([
      { option: '1', situations: 10, followed: 2 },
      { option: '2a', situations: 10, followed: 4 },
      { option: '2b', situations: 10, followed: 10 },
    ])
    const plan = planPanicNotifier({ qemu: '1.6.0', machineType: 'pc-1.5', option: '2b', element: false })
    expect(plan.basis.libosinfoAddsElement).toEqual({
      kind: 'stated',
      sentence: expect.stringContaining('Guest policy will always be followed correctly') as string,
    })
  })
})

describe('fallbacks and updates', () => {
  it('each fallback has the advantage that is claimed for it', () => {
    expect(fallbackRows().map(({ fallback, state, shown }) => [fallback, state, shown])).toEqual([
      ['destroy', 'shut off (crashed)', 'a domain without on_crash comes to the same: true'],
      ['preserve', 'crashed (panicked)', "the guest's memory is there to be examined: true"],
      [
        'restart',
        'running (crashed)',
        'the guest runs again: true; virt-install 0.10.0 writes restart, to the same end: true',
      ],
    ])
  })

  it('the problem starts by updating any one of four programs under 1 and 2a, and never under 2b', () => {
    const rows = updateRows()
    expect(rows).toHaveLength(12)
    for (const { option, before, after } of rows) {
      expect([option, before, after]).toEqual([option, 'guest policy', option === '2b' ? 'guest policy' : 'destroy'])
    }
  })
})

describe('detection over QMP', () => {
  it.each(MARKERS)('%s: finds the marker exactly where the planned QEMU has it', (marker) => {
    for (const stage of STAGES) {
      for (const range of PLANNED_RANGES.filter(({ device }) => device)) {
        const monitor = plannedMonitor({ qemu: range.first, stage, marker })
        const inStage = stage === 'A' && marker !== 'reversibility property' ? !range.builtin : range.reversible
        const typeName = inStage && marker === 'renamed device' ? 'isa-pvpanic' : 'pvpanic'
        expect(detectMarker(monitor, marker)).toEqual({ typeName, marked: inStage })
      }
    }
  })

  it('shows the property beside those that every QEMU has', () => {
    const monitor = plannedMonitor({ qemu: '1.7.0', marker: 'dummy property', stage: 'B' })
    const listed = executeQmp(monitor, 'device-list-properties', { typename: 'pvpanic' }) as { name: string }[]
    expect(listed.map(({ name }) => name)).toEqual(['ioport', 'not-builtin', 'pvpanic[0]'])
    expect(executeQmp(monitor, 'query-machines')).toContainEqual(expect.objectContaining({ alias: 'pc' }))
  })

  it.each([
    ['dummy property', 'not-builtin', false],
    ['reversibility property', 'definitive', true],
  ] as const)('the %s can be given to the device; that it changes behaviour: %s %s', (marker, property, changes) => {
    const contAfterPanic = (device: string) => {
      const machine = plannedMachine({
        qemu: '1.7.0',
        machineType: 'pc',
        stage: 'B',
        marker,
        arguments: ['-device', device],
      })
      machine.bus.outb(0x505, 1)
      try {
        machine.cont()
        return machine.runState
      } catch (error) {
        return String(error)
      }
    }
    const without = contAfterPanic('pvpanic')
    expect(without).toBe('running')
    expect(contAfterPanic(`pvpanic,${property}=off`)).toBe(without)
    const withIt = contAfterPanic(`pvpanic,${property}=on`)
    expect(withIt).toBe(changes ? 'MachineError: Resetting the Virtual Machine is required' : without)
    expect(() => plannedMachine({ qemu: '1.6.0', marker, arguments: ['-device', `pvpanic,${property}=on`] })).toThrow(
      /Property '.*' not found/,
    )
  })
})

describe('"This does not break migration", with the releases that were planned', () => {
  const builtinTo = (from: string, to: string) => {
    const source = plannedMachine({ qemu: from })
    const destination = plannedMachine({ qemu: to, startPaused: true })
    return { source, destination }
  }

  it.each([
    ['1.5.3', '1.5.4'],
    ['1.6.0', '1.6.1'],
  ])('from %s to %s: the guest runs on; its panics are not reported, before and after a reboot', (from, to) => {
    const { source, destination } = builtinTo(from, to)
    expect(source.pvpanics.map(({ source: by }) => by)).toEqual(['builtin'])
    const { runsOn, losses } = migrate(source, destination)
    expect(runsOn).toBe(true)
    expect(losses).toContain('a panic that the guest writes to port 0x505 is no longer reported')
    destination.bus.outb(0x505, 1)
    expect([destination.runState, destination.panics.total]).toEqual(['running', 0])
    destination.guestReset()
    expect(runGuest({ driver: 'firmware' }, destination).port).toBeUndefined()
  })

  it.each([
    ['1.5.4', '1.5.3'],
    ['1.6.1', '1.6.0'],
  ])('back from %s to %s: a guest that had found the device is heard again, another after its reboot', (from, to) => {
    const { source, destination } = builtinTo(from, to)
    expect(migrate(source, destination)).toEqual({ runsOn: true, losses: [] })
    expect(runGuest({ driver: 'firmware' }, destination)).toMatchObject({ port: 0x505 })
    expect([destination.runState, destination.panics.total]).toEqual(['guest-panicked', 1])
    destination.reset()
    destination.cont()
    expect(runGuest({ driver: 'firmware' }, destination)).toMatchObject({ port: 0x505 })
    expect(destination.panics.total).toBe(2)
  })
})

describe('a refused domain', () => {
  it('has no devices, no guest and no ports in its plan, and says refused for the same reason', () => {
    const plan = planPanicNotifier({ qemu: '1.6.1', machineType: 'pc', option: '2b', element: true, onCrash: 'ignore' })
    expect(plan).toMatchObject({
      devices: [],
      qemuArguments: [],
      driverFindsDevice: false,
      shadowsPortZero: false,
      onCrashObeyed: false,
      mayOverrideGuestReboot: false,
      ignore: 'refused',
      effectiveAction: 'refused',
    })
    const outcome = simulate(plan, { driver: 'fixed port', usesDma: true })
    expect(outcome).toMatchObject({ refused: true, devices: [], port: undefined, reported: 0, action: 'refused' })
  })
})

it('every sentence that is quoted from the proposal is what some decision rests on', () => {
  const used = new Set<string>()
  for (const { first } of PLANNED_RANGES) {
    for (const machineType of ['pc-1.5', 'pc']) {
      for (const option of OPTIONS) {
        for (const element of [true, false]) {
          for (const stage of STAGES) {
            const { basis } = planPanicNotifier({ qemu: first, machineType, option, element, stage })
            for (const each of Object.values(basis)) if (each.kind === 'stated') used.add(each.sentence)
          }
        }
      }
    }
  }
  expect(Object.values(PROPOSAL).filter((sentence) => !used.has(sentence))).toEqual([])
})
