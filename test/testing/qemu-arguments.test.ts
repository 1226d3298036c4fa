// A guest as QEMU's command line. Option names and forms are those of QEMU's manual; test/live runs them.

import { expect, it } from 'vitest'
import { type QemuGuest, qemuArguments } from '../../src/testing/engines/qemu/arguments.js'

const bare: QemuGuest = { files: {}, append: '', memory: 1, qmpSocket: '/run/q', accelerator: 'tcg' }
const line = (guest: Partial<QemuGuest> = {}) => qemuArguments({ ...bare, ...guest }).join(' ')

it('always: no devices but those asked for, COM1 on the standard streams, QMP, and a guest that waits', () => {
  expect(line()).toBe(
    '-nodefaults -no-user-config -display none -serial stdio -S -machine pc -accel tcg -m 2 ' +
      '-qmp unix:/run/q -action panic=pause,shutdown=poweroff,reboot=reset -device pvpanic',
  )
})

it.each<[string, Partial<QemuGuest>, string]>([
  ['preserve', { onPanic: 'preserve' }, '-action panic=pause,'],
  ['destroy', { onPanic: 'destroy' }, '-action panic=shutdown,'],
  ['destroy with exit code 1', { onPanic: 'destroy', panicExitCode: 1 }, '-action panic=exit-failure,'],
  ['reset, which is done from outside', { onPanic: 'reset' }, '-action panic=pause,'],
  ['log', { onPanic: 'log' }, '-action panic=none,'],
  ['a machine that stays', { shutdownAction: 'pause' }, 'shutdown=pause,'],
  ['no reboot', { rebootAction: 'shutdown' }, 'reboot=shutdown '],
  ['port and events', { iobase: 0x600, events: 2 }, '-device pvpanic,ioport=1536,events=2'],
  ['port 0', { iobase: 0 }, '-device pvpanic,ioport=0'],
  ['a PCI function', { device: 'pvpanic-pci', events: 3 }, '-device pvpanic-pci,events=3'],
  ['a debug exit', { debugExit: 0xf4 }, '-device isa-debug-exit,iobase=244'],
  ['KVM', { accelerator: 'kvm' }, '-accel kvm'],
  ['a machine type', { machineType: 'q35' }, '-machine q35'],
  ['memory, in whole MiB', { memory: 0x8000001 }, '-m 129'],
  ['firmware', { files: { bios: '/b' } }, '-bios /b'],
  [
    'a kernel',
    { files: { kernel: '/k', initrd: '/i' }, append: 'quiet panic=0' },
    '-kernel /k -initrd /i -append quiet panic=0',
  ],
  ['a multiboot kernel', { files: { multiboot: '/k' } }, '-kernel /k'],
  ['a floppy', { files: { fda: '/f' } }, '-drive if=floppy,format=raw,snapshot=on,file=/f'],
  ['a disk', { files: { hda: '/h' } }, '-drive if=ide,index=0,media=disk,format=raw,snapshot=on,file=/h'],
  ['a CD', { files: { cdrom: '/c' } }, '-drive if=ide,index=2,media=cdrom,format=raw,snapshot=on,file=/c'],
  ['a VGA BIOS', { files: { vgaBios: '/v' } }, '-device VGA,romfile=/v'],
  ['a comma in a path', { files: { hda: '/a,b' } }, 'file=/a,,b'],
])('%s', (_, guest, expected) => {
  expect(line(guest)).toContain(expected)
})

it('a PCI function has no port', () => {
  expect(() => line({ device: 'pvpanic-pci', iobase: 0x505 })).toThrow('iobase: pvpanic-pci is at no port')
})

it('no device at all', () => {
  expect(line({ iobase: null })).not.toContain('pvpanic')
})
