// "This does not break migration": from a machine with the builtin device to one without it.

import { describe, expect, it } from 'vitest'
import { Machine } from '../../src/machine/machine.js'
import { migrate } from '../../src/plan-2013/migration.js'

const DMA_CHANNEL_2_ADDRESS = 4

const withBuiltin = () => new Machine({ qemu: '1.6.0', machineType: 'pc-1.5' })
const without = () => new Machine({ qemu: '1.7.0', machineType: 'pc-1.5', iobase: null, startPaused: true })

describe('migration from QEMU 1.6.0 with the builtin device to 1.7.0 without it', () => {
  it('lets the guest run on, with what its devices held', () => {
    const [source, destination] = [withBuiltin(), without()]
    source.bus.outb(DMA_CHANNEL_2_ADDRESS, 0x34)
    source.bus.outb(DMA_CHANNEL_2_ADDRESS, 0x12)
    expect(migrate(source, destination).runsOn).toBe(true)
    expect(destination.runState).toBe('running')
    expect(destination.bus.inb(DMA_CHANNEL_2_ADDRESS)).toBe(0x34)
    expect(destination.bus.inb(DMA_CHANNEL_2_ADDRESS)).toBe(0x12)
    expect(source.exitCode).toBe(0)
  })

  it('says what is lost: the device, the reports, the fw_cfg file', () => {
    expect(migrate(withBuiltin(), without()).losses).toEqual([
      'the builtin pvpanic at port 0x505 is not in this machine',
      'a panic that the guest writes to port 0x505 is no longer reported',
      'the fw_cfg file etc/pvpanic-port is gone: the guest notices when it looks again, after a reboot',
    ])
  })

  it('indeed reports no panic any more', () => {
    const destination = without()
    migrate(withBuiltin(), destination)
    destination.bus.outb(0x505, 1)
    expect([destination.runState, destination.panics.total]).toEqual(['running', 0])
  })

  it('keeps a paused guest paused', () => {
    const [source, destination] = [withBuiltin(), without()]
    source.stop()
    expect(migrate(source, destination).runsOn).toBe(true)
    expect(destination.runState).toBe('paused')
  })
})

describe('migration between machines with the same device', () => {
  it('loses nothing', () => {
    const destination = new Machine({ qemu: '1.7.0', startPaused: true })
    expect(migrate(new Machine({ qemu: '1.6.0' }), destination).losses).toEqual([])
    destination.bus.outb(0x505, 1)
    expect(destination.runState).toBe('guest-panicked')
  })

  it('tells of a port that has changed', () => {
    const destination = new Machine({ iobase: 0x506, startPaused: true })
    expect(migrate(new Machine(), destination).losses).toEqual([
      'the device pvpanic at port 0x505 is at port 0x506 in this machine',
      'a panic that the guest writes to port 0x505 is no longer reported',
      'the fw_cfg file etc/pvpanic-port has port 0x506: the guest notices when it looks again, after a reboot',
    ])
  })
})
