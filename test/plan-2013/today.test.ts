// Real versions: what QEMU's and libvirt's histories say, and what virt-install writes.

import { describe, expect, it } from 'vitest'
import { virtInstallDefaults, virtInstallPanic } from '../../src/libvirt/virt-install.js'
import { capabilitiesXml, readCapabilities } from '../../src/plan-2013/capabilities.js'
import { adviseLibosinfo } from '../../src/plan-2013/libosinfo.js'
import { planPanicNotifier } from '../../src/plan-2013/plan-panic-notifier.js'
import { answerToday } from '../../src/plan-2013/today.js'

describe('on a real host', () => {
  it.each([
    // QEMU, libvirt, machine type, element: obeyed, overriding, reversible
    ['1.4.2', '9.0.0', 'pc', true, false, false, false],
    ['1.5.0', '1.1.0', 'pc', false, false, true, false],
    ['1.5.0', '1.1.1', 'pc', false, true, true, false],
    ['1.5.3', '1.1.1', 'pc-q35-1.5', false, true, true, false],
    ['1.5.3', '1.1.1', 'pc-i440fx-1.4', false, false, false, false],
    ['1.6.0', '1.1.1', 'pc', false, false, false, false],
    ['1.6.0', '1.1.1', 'pc', true, false, false, false],
    ['1.6.0', '1.2.1', 'pc', true, true, true, false],
    ['1.6.1', '1.2.1', 'pc-i440fx-1.5', false, true, true, false],
    ['1.6.1', '1.2.1', 'pc-i440fx-1.5', true, true, true, false],
    ['1.7.0', '1.2.1', 'pc-i440fx-1.5', false, false, false, false],
    ['1.7.0', '1.2.1', 'pc-i440fx-1.5', true, true, true, true],
    ['7.2', '9.0.0', 'q35', false, false, false, false],
    ['7.2', '9.0.0', 'q35', true, true, true, true],
    ['10.0', '11.0.0', 'pc', true, true, true, true],
  ])(
    'QEMU %s, libvirt %s, %s, element %s: obeyed %s, overriding %s, reversible %s',
    (qemu, libvirt, machineType, element, onCrashObeyed, overridesGuestReboot, reversible) => {
      for (const onCrash of ['destroy', 'restart', 'preserve', 'coredump-destroy', 'coredump-restart'] as const) {
        const answer = answerToday({ qemu, libvirt, machineType, element, onCrash })
        expect(answer).toMatchObject({ onCrashObeyed, overridesGuestReboot, reversible })
        // A libvirt without the event leaves the guest as QEMU stopped it, which is what preserve means.
        if (libvirt !== '1.1.0') expect(answer.effectiveAction === onCrash).toBe(onCrashObeyed)
        if (!onCrashObeyed) expect(answer.reasons).not.toEqual([])
      }
    },
  )

  it.each([
    [{ qemu: '1.5.4' }, /unknown version "1.5.4"/],
    [{ qemu: '1.6.0', machineType: 'pc-i440fx-7.2' }, /has no "pc-i440fx-7.2"/],
    [{ qemu: '7.2', libvirt: 'new' }, /libvirt: expected a version/],
  ])('%o never was', (wrong, reason) => {
    expect(() => answerToday({ element: true, ...wrong })).toThrow(reason)
  })
})

describe('virt-install', () => {
  // Seen with 4.1.0; for the others read in virt-manager's history.
  it.each([
    ['default', '4.1.0', 'x86_64', '<panic model="isa"/>'],
    ['default', '4.1.0', 'aarch64', undefined],
    ['default', '4.1.0', 'ppc64le', '<panic model="pseries"/>'],
    ['default', '4.1.0', 's390x', '<panic model="s390"/>'],
    ['default', '5.0.0', 'x86_64', '<panic/>'],
    ['default', '1.4.2', 'x86_64', '<panic model="isa"><address type="isa" iobase="0x505"/></panic>'],
    ['default', '1.4.3', 'x86_64', '<panic model="isa"/>'],
    ['none', '4.1.0', 'x86_64', undefined],
    ['hyperv', '4.1.0', 'x86_64', '<panic model="hyperv"/>'],
    ['bogus', '4.1.0', 'x86_64', '<panic model="bogus"/>'],
    ['505', '4.1.0', 'x86_64', '<panic model="505"/>'],
    ['0x506', '4.1.0', 'x86_64', '<panic model="isa"><address type="isa" iobase="0x506"/></panic>'],
    ['iobase=0x506', '4.1.0', 'x86_64', '<panic model="isa"><address type="isa" iobase="0x506"/></panic>'],
    ['address.iobase=0x506', '4.1.0', 'x86_64', '<panic model="isa"><address type="isa" iobase="0x506"/></panic>'],
    [
      'model=hyperv,iobase=0x505',
      '4.1.0',
      'x86_64',
      '<panic model="hyperv"><address type="isa" iobase="0x505"/></panic>',
    ],
  ])('makes of --panic %s (%s, %s): %s', (value, version, arch, xml) => {
    expect(virtInstallPanic(value, version, arch)).toBe(xml)
  })

  it.each([
    ['0.10.0', 'x86_64', 'restart'],
    ['1.4.0', 'x86_64', 'restart'],
    ['1.4.0', 's390x', 'preserve'],
    ['1.4.1', 's390x', undefined],
    ['4.1.0', 'x86_64', undefined],
  ])('%s on %s writes on_crash: %s', (version, arch, onCrash) => {
    expect(virtInstallDefaults(version, arch).onCrash).toBe(onCrash)
  })
})

describe('libosinfo', () => {
  const host = (qemu: string, option: '1' | '2a' | '2b', stage: 'A' | 'B' = 'B') =>
    readCapabilities(capabilitiesXml(planPanicNotifier({ qemu, machineType: 'pc-1.5', option, element: false, stage })))

  it.each([
    ['1.6.0', '2a', true],
    ['1.6.0', '2b', false],
    ['1.7.0', '2b', true],
  ] as const)('QEMU %s under option %s: adds the element %s', (qemu, option, adds) => {
    expect(adviseLibosinfo(host(qemu, option), { hasDriver: true }).addElement).toBe(adds)
  })

  it('adds nothing for a guest without a driver, nor before there is on_crash=ignore', () => {
    expect(adviseLibosinfo(host('1.7.0', '2b'), { hasDriver: false }).addElement).toBe(false)
    expect(adviseLibosinfo(host('1.7.0', '2b', 'A'), { hasDriver: true }).addElement).toBe(false)
  })
})
