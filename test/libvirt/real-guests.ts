// What a domain does with a real guest, the built-in ROM, in either engine.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { Domain } from '../../src/libvirt/domain.js'
import { type CrashAction, domainDefinition } from '../../src/libvirt/domain-definition.js'
import type { DomainOptions } from '../../src/libvirt/domain-options.js'
import { bootGuest, type Guest } from '../../src/testing/index.js'

const timeoutMs = 30_000
const ELF = Buffer.from('\x7fELF', 'latin1')

/** @param engine whose QEMU, for 'qemu', must be installed. */
export function describeRealGuests(engine: 'v86' | 'qemu'): void {
  describe(`a domain over a guest of engine ${engine}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'isa-pvpanic-real-'))
    afterAll(() => rmSync(folder, { recursive: true }))
    const guests: Guest[] = []
    afterEach(() => Promise.all(guests.splice(0).map((guest) => guest.dispose())))

    async function boot(domain: Domain): Promise<Guest> {
      const guest: Guest = await bootGuest({ engine, ...domain.guestOptions(engine) })
      guests.push(guest)
      return guest
    }

    /** Runs it until its guest has panicked, and what follows from that is done. */
    async function panicked(onCrash: CrashAction, options: DomainOptions = {}) {
      const definition = domainDefinition({ name: 'web', onCrash, panics: [{ model: 'isa' }] })
      const domain = new Domain(definition, { autoDumpPath: folder, onWarning: () => {}, ...options })
      const events: string[] = []
      domain.on((event) => events.push(event.name === 'lifecycle' ? event.detail : event.name))
      const monitor: string[] = []
      domain.onMonitor(({ event }) => monitor.push(event))
      const guest = await boot(domain)
      await domain.start({ guest })
      await guest.nextPanic({ timeoutMs })
      await domain.settled()
      return { domain, guest, events, monitor }
    }

    it('preserve: it stands in crashed (panicked), can be dumped by hand, and resumed', async () => {
      const { domain, guest, events } = await panicked('preserve')
      expect(domain.state).toEqual({ state: 'crashed', reason: 'panicked' })
      expect(events).toEqual(expect.arrayContaining(['Resumed Unpaused', 'Started Booted', 'Crashed Panicked']))
      const core = join(folder, 'by-hand')
      await domain.dump(core)
      expect(readFileSync(core).subarray(0, 4)).toEqual(ELF)
      expect(domain.state).toEqual({ state: 'crashed', reason: 'panicked' })
      expect(await domain.monitorCommand('query-status')).toMatchObject({ status: 'guest-panicked', running: false })
      await domain.resume()
      expect(domain.state).toEqual({ state: 'running', reason: 'unpaused' })
      expect(await guest.ended({ timeoutMs })).toMatchObject({ reason: 'halted' })
      await domain.destroy()
      expect(domain.state).toEqual({ state: 'shut off', reason: 'destroyed' })
    })

    it('destroy: it is shut off (crashed), and can be started anew with a new guest', async () => {
      const { domain, guest, events } = await panicked('destroy')
      expect(domain.state).toEqual({ state: 'shut off', reason: 'crashed' })
      expect(events.at(-1)).toBe('Stopped Crashed')
      expect(guest.exitCode).toBe(0)
      expect(domain.id).toBeUndefined()
      const second = await boot(domain)
      await domain.start({ guest: second, paused: true })
      expect([domain.id, domain.state.state]).toEqual([2, 'paused'])
      await domain.kill()
      expect(domain.state).toEqual({ state: 'shut off', reason: 'crashed' })
    })

    it("coredump-destroy: the core has libvirt's name and is whole before the guest is gone", async () => {
      const { domain, monitor } = await panicked('coredump-destroy')
      expect(domain.state).toEqual({ state: 'shut off', reason: 'crashed' })
      const [core = ''] = readdirSync(folder).filter((name) => /^1-web-\d{4}-\d\d-\d\d-\d\d:\d\d:\d\d$/.test(name))
      expect(readFileSync(join(folder, core)).subarray(0, 4)).toEqual(ELF)
      expect(monitor.indexOf('DUMP_COMPLETED')).toBeGreaterThan(monitor.indexOf('STOP'))
    })

    it('coredump-restart: the reset comes after the dump', async () => {
      const { domain, monitor } = await panicked('coredump-restart')
      expect(monitor.slice(0, 6)).toEqual(['RESUME', 'GUEST_PANICKED', 'STOP', 'DUMP_COMPLETED', 'RESET', 'RESUME'])
      expect(domain.id).toBe(1)
      await domain.destroy()
    })

    it.each(['coredump-destroy', 'coredump-restart'] as const)(
      '%s: a dump that is rejected leaves it crashed (panicked), the guest in place',
      async (action) => {
        const warnings: string[] = []
        const { domain, guest, monitor } = await panicked(action, {
          dump: () => Promise.reject(new Error('disk full')),
          onWarning: (text) => warnings.push(text),
        })
        expect(domain.state).toEqual({ state: 'crashed', reason: 'panicked' })
        expect(warnings).toEqual(['operation failed: Dump failed: disk full'])
        expect(guest.exitCode).toBeUndefined()
        expect(guest.machine.runState).toBe('guest-panicked')
        expect(monitor).toEqual(['RESUME', 'GUEST_PANICKED', 'STOP'])
      },
    )

    it('obeys on_crash as it is when the panic comes, and tells QEMU of on_reboot', async () => {
      const domain = new Domain(domainDefinition({ panics: [{ model: 'isa' }], onCrash: 'preserve' }))
      const guest = await boot(domain)
      await domain.start({ guest, paused: true })
      await domain.setLifecycleAction('crash', 'destroy')
      await domain.setLifecycleAction('reboot', 'destroy')
      expect(domain.definition).toMatchObject({ onCrash: 'destroy', onReboot: 'destroy' })
      await domain.resume()
      await guest.nextPanic({ timeoutMs })
      await domain.settled()
      expect(domain.state).toEqual({ state: 'shut off', reason: 'crashed' })
      expect(domain.definition).toMatchObject({ onCrash: 'preserve', onReboot: 'restart' })
    })
  })
}
