// Domains over guests in v86.

import { afterEach, describe, expect, it } from 'vitest'
import { dumpCore } from '../../src/core-dump/dump-v86.js'
import { Domain } from '../../src/libvirt/domain.js'
import { domainDefinition } from '../../src/libvirt/domain-definition.js'
import { GuestRom } from '../../src/testing/index.js'
import { attach, createEmulator, destroyEmulator } from '../../src/v86/index.js'
import { describeRealGuests } from './real-guests.js'

describeRealGuests('v86')

describe('a domain over a machine that attach() made', () => {
  const emulators: Awaited<ReturnType<typeof createEmulator>>[] = []
  afterEach(() => Promise.all(emulators.splice(0).map(destroyEmulator)))

  it('awaits the dump of its emulator before it ends the guest', async () => {
    const emulator = await createEmulator({ bios: new GuestRom().outb(0x505, 1).halt().build() })
    emulators.push(emulator)
    const domain = new Domain(domainDefinition({ onCrash: 'coredump-destroy', panics: [{ model: 'isa' }] }))
    const machine = attach(emulator, domain.guestOptions())
    const order: string[] = []
    machine.on('*', ({ event }) => order.push(event))
    const dumped = async () => {
      const { size } = await dumpCore(machine, emulator)
      order.push('dumped')
      return size
    }
    await domain.start({ guest: { machine, dumpCore: dumped } })
    const stopped = new Promise((resolve) => machine.onEnd(resolve))
    emulator.run()
    await stopped
    expect(order).toEqual(['RESUME', 'GUEST_PANICKED', 'STOP', 'dumped', 'SHUTDOWN'])
    expect(domain.state).toEqual({ state: 'shut off', reason: 'crashed' })
  })
})
