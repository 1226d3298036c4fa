// What a Domain does that no recording shows: ignore and its fallbacks, the guest's own ends, refusals.

import { describe, expect, it } from 'vitest'
import { Domain } from '../../src/libvirt/domain.js'
import { type DomainDefinition, domainDefinition } from '../../src/libvirt/domain-definition.js'
import type { DomainOptions } from '../../src/libvirt/domain-options.js'
import { examineDomain } from '../../src/libvirt/examine-domain.js'
import { formatDomainXml } from '../../src/libvirt/format-domain-xml.js'
import { qemuArguments } from '../../src/libvirt/qemu-arguments.js'

/** A started domain with a panic device, and what it has told since. */
function started(parts: Partial<DomainDefinition>, options: DomainOptions = {}) {
  const domain = new Domain(domainDefinition({ panics: [{ model: 'isa' }], ...parts }), {
    proposal2013: true,
    ...options,
  })
  const machine = domain.start()
  const events: string[] = []
  const monitor: string[] = []
  domain.on((event) => events.push(event.name === 'lifecycle' ? event.detail : event.name))
  domain.onMonitor(({ event }) => monitor.push(event))
  const panic = () => machine.bus.outb(0x505, 1)
  return { domain, machine, events, monitor, panic }
}

describe('on_crash=ignore', () => {
  it('does not even stop the guest where QEMU has -action (since 6.0)', () => {
    const { domain, machine, monitor, panic } = started({ onCrash: 'ignore' }, { qemu: '6.0' })
    panic()
    panic()
    expect(monitor).toEqual(['GUEST_PANICKED', 'GUEST_PANICKED'])
    expect([domain.state.state, machine.runState]).toEqual(['running', 'running'])
  })

  it('continues the guest where a panicked one can go on (since 1.7)', () => {
    const { domain, machine, events, monitor, panic } = started({ onCrash: 'ignore' }, { qemu: '1.7.0' })
    panic()
    expect(monitor).toEqual(['GUEST_PANICKED', 'STOP', 'RESUME'])
    expect(events).toEqual(['Crashed Panicked', 'Resumed Unpaused'])
    expect([domain.state.state, machine.runState]).toEqual(['running', 'running'])
  })

  it.each([
    ['destroy', { state: 'shut off', reason: 'crashed' }],
    ['preserve', { state: 'crashed', reason: 'panicked' }],
    ['restart', { state: 'running', reason: 'crashed' }],
  ] as const)('falls back to %s where it cannot, and says so', (fallback, state) => {
    const warnings: string[] = []
    const options = { qemu: '1.6.0', fallback, onWarning: (text: string) => warnings.push(text) }
    const { domain, panic } = started({ onCrash: 'ignore' }, options)
    panic()
    expect(domain.state).toEqual(state)
    expect(warnings).toEqual([
      `on_crash=ignore needs a newer QEMU (Resetting the Virtual Machine is required); fallback: ${fallback}`,
    ])
  })

  it('can be set and taken back while the domain runs', () => {
    const { domain, panic } = started({ onCrash: 'destroy' }, { qemu: '7.2' })
    domain.setLifecycleAction('crash', 'ignore')
    panic()
    expect(domain.state.state).toBe('running')
    domain.setLifecycleAction('crash', 'preserve')
    panic()
    expect(domain.state.state).toBe('crashed')
  })
})

describe('a preserved domain', () => {
  it('of QEMU before 1.7 cannot be resumed, but reset', () => {
    const { domain, panic } = started({ onCrash: 'preserve' }, { qemu: '1.6.0' })
    panic()
    expect(() => domain.resume()).toThrow(
      "unable to execute QEMU command 'cont': Resetting the Virtual Machine is required",
    )
    domain.reset()
    domain.resume()
    expect(domain.state).toEqual({ state: 'running', reason: 'unpaused' })
  })

  it('reports a second panic, which its stopped guest cannot make but the host can', () => {
    const { domain, events, panic } = started({ onCrash: 'preserve' })
    panic()
    panic()
    expect(events).toEqual(['Crashed Panicked', 'Crashed Panicked'])
    expect(domain.state.state).toBe('crashed')
  })
})

describe("a guest's own end", () => {
  it('ends the domain, without a word of a pause', () => {
    const { domain, machine, events } = started({})
    machine.guestShutdown()
    expect(domain.state).toEqual({ state: 'shut off', reason: 'shutdown' })
    expect(events).not.toContain('Suspended Paused')
    expect(machine.exitCode).toBe(0)
  })

  it('becomes a restart with on_poweroff=restart', () => {
    const { domain, machine, events } = started({ onPoweroff: 'restart' })
    machine.guestShutdown()
    expect([domain.state.state, machine.runState]).toEqual(['running', 'running'])
    expect(events).toContain('reboot')
  })

  it('by a reset is reported as a reboot', () => {
    const { domain, machine, events } = started({})
    machine.guestReset()
    expect(events).toEqual(['reboot'])
    expect(domain.state.state).toBe('running')
  })

  it('by a reset ends the domain with on_reboot=destroy', () => {
    const { domain, machine, events } = started({ onReboot: 'destroy' }, { qemu: '7.2' })
    machine.guestReset()
    expect(domain.state).toEqual({ state: 'shut off', reason: 'shutdown' })
    expect(events).not.toContain('Suspended Paused')
  })
})

describe('a dump', () => {
  const now = new Date(2024, 1, 3, 4, 5, 6)

  it("has libvirt's name: id, name cut to 20 characters, local time", () => {
    const names: string[] = []
    const options = { dump: (name: string) => names.push(name), clock: () => now.getTime() }
    const { domain, panic } = started({ name: 'a-name-that-goes-on-and-on', onCrash: 'coredump-destroy' }, options)
    panic()
    domain.start().bus.outb(0x505, 1)
    expect(names).toEqual(['1-a-name-that-goes-on--2024-02-03-04:05:06', '2-a-name-that-goes-on--2024-02-03-04:05:06'])
  })

  it('that nobody can write is one that fails: the guest is preserved', () => {
    const warnings: string[] = []
    const { domain, panic } = started({ onCrash: 'coredump-restart' }, { onWarning: (text) => warnings.push(text) })
    panic()
    expect(domain.state.state).toBe('crashed')
    expect(warnings).toEqual(['operation failed: Dump failed: there is nothing to dump with'])
  })
})

describe('a domain refuses', () => {
  it.each([
    ['rename-restart', { onCrash: 'rename-restart' }, /doesn't support the 'rename-restart' action/],
    ['preserve for on_reboot', { onReboot: 'preserve' }, /doesn't support the 'preserve' action/],
    ['dumps for on_poweroff', { onPoweroff: 'coredump-destroy' }, /'poweroff' doesn't support 'coredump-destroy'/],
  ] as const)('%s, defined or set later', (_, parts, reason) => {
    expect(() => new Domain(domainDefinition(parts))).toThrow(reason)
    const [[name = '', action = ''] = []] = Object.entries(parts)
    const event = { onCrash: 'crash', onReboot: 'reboot', onPoweroff: 'poweroff' }[name] as 'crash'
    expect(() => started({}).domain.setLifecycleAction(event, action)).toThrow(reason)
  })

  it('to start twice, or again once a transient one is gone', () => {
    const { domain, panic } = started({}, { transient: true })
    expect(() => domain.start()).toThrow('Domain is already active')
    panic()
    expect(domain.exists).toBe(false)
    expect(() => domain.start()).toThrow('Domain not found')
  })

  it('commands while it is shut off', () => {
    const domain = new Domain(domainDefinition())
    for (const command of ['resume', 'suspend', 'reset', 'reboot', 'shutdown', 'destroy'] as const) {
      expect(() => domain[command]()).toThrow('Requested operation is not valid: domain is not running')
    }
  })
})

describe('a listener that throws', () => {
  it('is told of, and keeps nobody from acting', () => {
    const warnings: string[] = []
    const { domain, events, panic } = started(
      { onCrash: 'destroy' },
      { libvirt: '9.0', onWarning: (text) => warnings.push(text) },
    )
    domain.on(() => {
      throw new Error('mine')
    })
    domain.onMonitor(() => {
      throw new Error('mine')
    })
    panic()
    expect(domain.state).toEqual({ state: 'shut off', reason: 'crashed' })
    expect(events).toEqual(['Crashed Panicked', 'Stopped Crashed'])
    expect(new Set(warnings)).toEqual(new Set(['a listener of domain guest failed: Error: mine']))
  })
})

describe('a guest that panics without end', () => {
  it('is restarted each time, and nothing grows', () => {
    const { domain, machine, panic } = started({ onCrash: 'restart' })
    for (let times = 0; times < 10_000; times++) panic()
    expect(domain.state).toEqual({ state: 'running', reason: 'crashed' })
    expect(machine.panics.total).toBe(10_000)
    expect(machine.panics.entries().length).toBeLessThanOrEqual(1024)
  })
})

describe('what is no definition', () => {
  it.each([
    ['XML', '<domain/>', 'got a string'],
    ['nothing', undefined, 'got undefined'],
    ['null', null, 'got null'],
    ['an object without the devices', { ...domainDefinition(), panics: undefined }, 'its panics is undefined'],
    ['a number for a name', { ...domainDefinition(), name: 5 }, 'its name is a number'],
    ['bytes', new Uint8Array(4), 'its name is undefined'],
  ])('is refused: %s', (_, value, reason) => {
    const definition = value as unknown as DomainDefinition
    const uses = [() => new Domain(definition), () => examineDomain(definition), () => formatDomainXml(definition)]
    for (const use of [...uses, () => qemuArguments(definition)]) {
      expect(use).toThrow(TypeError)
      expect(use).toThrow(/^definition: expected what parseDomainXml or domainDefinition returns/)
      expect(use).toThrow(reason)
    }
  })
})
