// What libvirt refuses because of the QEMU that a domain is to run in: its architecture, its machine types, its devices.

import { OptionRangeError } from '../common/check.js'
import { hasMachineType } from '../machine/machine-types.js'
import { qemuRelease } from '../machine/qemu-releases.js'
import type { DomainDefinition } from './domain-definition.js'

/** Architectures that the simulated machine has, and the program for each. */
const EMULATORS: Readonly<Record<string, string>> = {
  i686: '/usr/bin/qemu-system-i386',
  x86_64: '/usr/bin/qemu-system-x86_64',
}

/** Machine types of x86 that have no profile here: QEMU's own, and those of distributions, such as pc-q35-rhel9.2.0. */
const OTHER_MACHINE_TYPES =
  /^(microvm|none|isapc|xenpv|xenfv.*|x-remote|pc-0\.1\d|pc-q35-4\.0\.1|pc-(i440fx|q35)-[a-z].*|rhel\d.*)$/

/**
 * libvirt's reason for refusing the definition with this QEMU; undefined if it has none. Recorded from libvirt 9.0.0,
 * but for a QEMU without the device, which is read in its source.
 * @param qemu version; the newest unless given.
 * @throws {RangeError} naming `arch`, if it is another than a PC's and the emulator may be one for it.
 */
export function emulatorRefusal(definition: DomainDefinition, qemu?: string): string | undefined {
  const { arch, machineType, panics } = definition
  const emulator = definition.emulator || EMULATORS[arch] || ''
  if (!Object.hasOwn(EMULATORS, arch)) {
    if (Object.values(EMULATORS).includes(emulator)) {
      return unsupported(`Emulator '${emulator}' does not support arch '${arch}'`)
    }
    throw new OptionRangeError(
      'arch',
      `expected ${Object.keys(EMULATORS).join(' or ')}, a PC's; got ${JSON.stringify(arch)}`,
    )
  }
  if (machineType !== '' && !hasMachineType(qemu, machineType) && !OTHER_MACHINE_TYPES.test(machineType)) {
    return unsupported(`Emulator '${emulator}' does not support machine type '${machineType}'`)
  }
  if (qemuRelease(qemu).isBeforePvpanic && panics.some(({ model }) => model === 'isa')) {
    return unsupported('the QEMU binary does not support the ISA panic device')
  }
  return undefined
}

const unsupported = (reason: string): string => `unsupported configuration: ${reason}`
