// Every row of the proposal's table, planned and executed.

import { describe, expect, it } from 'vitest'
import { FALLBACKS } from '../../src/libvirt/domain-options.js'
import { detectMarker, MARKERS } from '../../src/plan-2013/detection.js'
import {
  OPTIONS,
  PLANNED_ACTIONS,
  type Plan,
  type PlanInput,
  planPanicNotifier,
  STAGES,
} from '../../src/plan-2013/plan-panic-notifier.js'
import { plannedMonitor } from '../../src/plan-2013/planned-machine.js'
import { PLANNED_RANGES, plannedQemu } from '../../src/plan-2013/planned-qemu.js'
import { disagreements, simulate } from '../../src/plan-2013/simulate.js'

/** A version of each range that the proposal tells apart. */
const VERSIONS = ['1.4.2', '1.5.0', '1.5.3', '1.5.4', '1.6.0', '1.6.1', '1.7.0', '7.2', '10.0']
const MACHINE_TYPES = ['pc-1.5', 'pc-i440fx-1.4']

const groups = VERSIONS.flatMap((qemu) =>
  MACHINE_TYPES.flatMap((machineType) =>
    OPTIONS.flatMap((option) => [true, false].map((element) => ({ qemu, machineType, option, element }))),
  ),
)

/** Every on_crash, fallback and stage that there is for a group. */
function rowsOf(group: PlanInput): Plan[] {
  const inputs = STAGES.flatMap((stage) =>
    PLANNED_ACTIONS.filter((onCrash) => onCrash !== 'ignore' || stage === 'B').flatMap((onCrash) =>
      FALLBACKS.map((fallback) => ({ ...group, stage, onCrash, fallback })),
    ),
  )
  return inputs.map(planPanicNotifier)
}

describe('the table of the proposal', () => {
  it.each(groups)('is what the machine does: QEMU $qemu, $machineType, option $option, element $element', (group) => {
    const rows = rowsOf(group)
    expect(rows).toHaveLength((5 + 6) * FALLBACKS.length)
    for (const plan of rows) expect([plan.input, disagreements(plan)]).toEqual([plan.input, []])
  })

  it('is what the machine does under the other readings and markers too', () => {
    const readings = [
      { N1: 'every machine type' },
      { N2: 'yes' },
      { N4: 'drop' },
      { N5: 'always' },
      { N8: 'no' },
    ] as const
    for (const group of groups) {
      for (const marker of MARKERS) {
        for (const reading of readings) {
          for (const stage of STAGES) {
            const plan = planPanicNotifier({ ...group, stage, marker, readings: reading, onCrash: 'preserve' })
            expect([plan.input, disagreements(plan)]).toEqual([plan.input, []])
          }
        }
      }
    }
  })
})

// Read off the proposal, sentence by sentence; X is any on_crash.
describe('what the proposal says', () => {
  const plan = (qemu: string, machineType: string, option: '1' | '2a' | '2b', element: boolean, rest = {}) =>
    planPanicNotifier({ qemu, machineType, option, element, ...rest })

  it.each([
    ['1.5.0', 'pc-1.5', true],
    ['1.5.3', 'pc-1.5', true],
    ['1.6.0', 'pc-1.5', true],
    ['1.6.0', 'pc-i440fx-1.6', false],
    ['1.5.4', 'pc-1.5', false],
    ['1.6.1', 'pc-1.5', false],
    ['1.7.0', 'pc-1.5', false],
  ])('option 1, QEMU %s, %s, without the element: on_crash obeyed and overriding: %s', (qemu, machineType, obeyed) => {
    const { onCrashObeyed, mayOverrideGuestReboot, basis } = plan(qemu, machineType, '1', false)
    expect([onCrashObeyed, mayOverrideGuestReboot]).toEqual([obeyed, obeyed])
    expect(basis.onCrashObeyed.kind).toBe('stated')
  })

  it.each(VERSIONS.slice(1).flatMap((qemu) => MACHINE_TYPES.map((machineType) => [qemu, machineType] as const)))(
    'option 2, QEMU %s, %s: on_crash is obeyed only with the element',
    (qemu, machineType) => {
      expect(plan(qemu, machineType, '2a', false).onCrashObeyed).toBe(false)
      expect(plan(qemu, machineType, '2a', true).onCrashObeyed).toBe(true)
      expect(plan(qemu, machineType, '2b', false).onCrashObeyed).toBe(false)
      expect(plan(qemu, machineType, '2b', true, { stage: 'A' }).onCrashObeyed).toBe(true)
    },
  )

  it('option 2a always adds the global, and makes the device by -device', () => {
    expect(plan('1.6.0', 'pc-1.5', '2a', false).qemuArguments).toEqual(['-global', 'pvpanic.iobase=0'])
    expect(plan('7.2', 'pc', '2a', true).qemuArguments).toEqual([
      '-global',
      'pvpanic.iobase=0',
      '-device',
      'pvpanic,iobase=0x505',
    ])
  })

  it('option 2b adds the global only where some machine type may have the builtin device', () => {
    const added = PLANNED_RANGES.slice(1).map(({ first }) => plan(first, 'pc-1.6', '2b', false, { stage: 'A' }))
    expect(added.map(({ qemuArguments }) => qemuArguments.length > 0)).toEqual([true, false, true, false, false])
  })

  it.each(['1.5.0', '1.5.3', '1.6.0', '1.6.1'])(
    'option 2b, QEMU %s: no element, no capability, guest policy',
    (qemu) => {
      const planned = plan(qemu, 'pc-1.5', '2b', false, { onCrash: 'ignore' })
      expect(planned).toMatchObject({
        elementAvailable: false,
        capabilityExposed: false,
        libosinfoAddsElement: false,
        ignore: 'guest policy',
        effectiveAction: 'guest policy',
      })
    },
  )

  it.each(['1.5.0', '1.5.3', '1.6.0', '1.6.1'])(
    'option 2a, QEMU %s: the capability is there, ignore is not obeyed',
    (qemu) => {
      const planned = plan(qemu, 'pc-i440fx-1.4', '2a', true, { onCrash: 'ignore', fallback: 'restart' })
      expect(planned).toMatchObject({
        capabilityExposed: true,
        libosinfoAddsElement: true,
        ignore: 'fallback',
        effectiveAction: 'restart',
      })
    },
  )

  it('ignore is obeyed by every option once a panicked guest can go on', () => {
    for (const option of OPTIONS) {
      expect(plan('1.7.0', 'pc', option, true, { onCrash: 'ignore' })).toMatchObject({
        ignore: 'obeyed',
        effectiveAction: 'ignore',
        libosinfoAddsElement: true,
      })
    }
  })

  it('an element where there is no device is refused, or dropped if that is asked for', () => {
    expect(plan('1.4.2', 'pc', '1', true).effectiveAction).toBe('refused')
    expect(plan('1.6.1', 'pc', '2b', true).effectiveAction).toBe('refused')
    expect(plan('1.6.1', 'pc', '2b', true, { readings: { N4: 'drop' } }).effectiveAction).toBe('guest policy')
  })
})

describe('where the proposal leaves a choice, another reading', () => {
  const plan = (input: Partial<PlanInput>) =>
    planPanicNotifier({ qemu: '1.6.0', machineType: 'pc-1.6', option: '2a', element: false, ...input })

  it('N1: gives 1.5.0 the device in every machine type', () => {
    const old = { qemu: '1.5.0', machineType: 'pc-i440fx-1.4', option: '1' } as const
    expect(plan(old).devices).toEqual([])
    expect(plan({ ...old, readings: { N1: 'every machine type' } }).devices).toHaveLength(1)
  })

  it('N2: adds the global for a QEMU without the device too', () => {
    expect(plan({ qemu: '1.4.0' }).qemuArguments).toEqual([])
    expect(plan({ qemu: '1.4.0', readings: { N2: 'yes' } }).qemuArguments).toEqual(['-global', 'pvpanic.iobase=0'])
  })

  it('N5: creates the device of option 2b without the element', () => {
    const good = { qemu: '1.7.0', option: '2b' } as const
    expect(plan(good).devices).toEqual([])
    expect(plan({ ...good, readings: { N5: 'always' } })).toMatchObject({
      qemuArguments: ['-device', 'isa-pvpanic'],
      effectiveAction: 'destroy',
    })
  })

  it('N8: hides the capability of option 1, and libosinfo adds nothing', () => {
    expect(plan({ option: '1' })).toMatchObject({ capabilityExposed: true, libosinfoAddsElement: true })
    expect(plan({ option: '1', readings: { N8: 'no' } })).toMatchObject({
      capabilityExposed: false,
      libosinfoAddsElement: false,
      basis: { capabilityExposed: { kind: 'ambiguous', question: 'N8', reading: 'no', others: ['yes'] } },
    })
  })
})

describe('the comparison of plan and machine', () => {
  const plan = planPanicNotifier({ qemu: '1.6.0', machineType: 'pc-1.5', option: '1', element: false })

  it.each([
    { devices: [] },
    { effectiveAction: 'restart' },
    { driverFindsDevice: false },
    { mayOverrideGuestReboot: false },
    { onCrashObeyed: false },
  ] as const)('notices a plan that says %o', (wrong) => {
    expect(disagreements({ ...plan, ...wrong })).toEqual([expect.stringContaining(Object.keys(wrong)[0] ?? '')])
  })
})

describe('option 2a with a builtin device', () => {
  const plan = planPanicNotifier({ qemu: '1.5.0', machineType: 'pc-1.5', option: '2a', element: true })

  it('would not have worked: the driver asks the firmware, which knows the neutralised device only', () => {
    const outcome = simulate(plan, { driver: 'firmware' })
    expect(outcome.devices).toEqual([
      { source: 'builtin', iobase: 0 },
      { source: 'device', iobase: 0x505 },
    ])
    expect([outcome.port, outcome.action]).toEqual([undefined, 'guest policy'])
  })

  it('works for a guest that writes 0x505 unasked', () => {
    expect(simulate(plan, { driver: 'fixed port' }).action).toBe('destroy')
  })

  it('takes the set-up of DMA channel 0 for a panic', () => {
    expect(simulate(plan, { driver: 'none', usesDma: true }).action).toBe('destroy')
  })
})

describe('a QEMU as the proposal plans it', () => {
  it.each([
    ['1.5.2', 'pc', true],
    ['1.5.2', 'q35', true],
    ['1.5.2', 'pc-q35-1.5', true],
    ['1.5.2', 'pc-i440fx-1.4', false],
    ['1.5.4', 'pc', false],
    ['1.6.0', 'pc', false],
    ['1.6.0', 'pc-1.5', true],
    ['1.6.1', 'pc-1.5', false],
  ])('%s with machine type %s has the builtin device: %s', (version, machineType, builtin) => {
    expect(plannedQemu(version, machineType).builtin).toBe(builtin)
  })

  it('1.5 has it in every machine type, if the proposal is read so', () => {
    expect(plannedQemu('1.5.3', 'pc-i440fx-1.4', true).builtin).toBe(true)
    expect(plannedQemu('1.6.0', 'pc-i440fx-1.4', true).builtin).toBe(false)
  })
})

describe('detection for option 2b', () => {
  it('takes the new name for a marker only where that is the marker', () => {
    const monitor = plannedMonitor({ qemu: '1.7.0', stage: 'B', marker: 'renamed device' })
    expect(detectMarker(monitor, 'dummy property').marked).toBe(false)
  })

  it('is all that a property for definitive panics is good for: without cont every panic is definitive', () => {
    const [definitive, reversible] = ['1.6.0', '1.7.0'].map((qemu) => {
      const machineType = 'pc-i440fx-1.6'
      const plan = planPanicNotifier({ qemu, machineType, option: '2a', element: true, onCrash: 'preserve' })
      return simulate(plan, { driver: 'firmware', rebootOnPanic: true })
    })
    const seen = (outcome: typeof definitive) => [outcome?.state, outcome?.events, outcome?.monitor.map((e) => e.event)]
    expect(seen(reversible)).toEqual(seen(definitive))
    expect(reversible?.state).toEqual({ state: 'crashed', reason: 'panicked' })
  })
})

describe('a plan', () => {
  it.each([
    [{ option: '3' }, /option: expected one of 1, 2a, 2b/],
    [{ qemu: 'new' }, /qemu: expected a version such as/],
    [{ onCrash: 'rename-restart' }, /onCrash: expected one of destroy, /],
    [{ onCrash: 'log' }, /onCrash: expected one of destroy, /],
    [{ fallback: 'ignore' }, /fallback: expected one of/],
    [{ stage: 'A', onCrash: 'ignore' }, /'ignore' exists in stage B only/],
  ])('refuses %o', (wrong, reason) => {
    const input = { qemu: '1.5.0', machineType: 'pc', option: '1', element: false, ...wrong } as PlanInput
    expect(() => planPanicNotifier(input)).toThrow(reason)
  })

  it('says for each of its decisions what it rests on', () => {
    for (const group of groups) {
      const { input, qemu, typeName, basis, ...decisions } = planPanicNotifier({ ...group, onCrash: 'ignore' })
      expect(Object.keys(basis).sort()).toEqual(Object.keys(decisions).sort())
    }
  })
})
