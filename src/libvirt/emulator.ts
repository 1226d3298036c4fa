// What the QEMU that a domain is to run in has: architectures, virt types, machine types and their buses, devices.

import { hasMachineType } from '../machine/machine-types.js'
import { isSince, qemuRelease } from '../machine/qemu-releases.js'
import type { DomainDefinition, PanicModel } from './domain-definition.js'

/** Architectures of a PC, and the program for each. */
export const EMULATORS: Readonly<Record<string, string>> = {
  i686: '/usr/bin/qemu-system-i386',
  x86_64: '/usr/bin/qemu-system-x86_64',
}

/** What libvirt's QEMU driver runs on Linux; kvm where the host has it. */
export const VIRT_TYPES: readonly string[] = ['qemu', 'kvm']

/** Machine types that not every QEMU is built with: those of distributions, such as pc-q35-rhel9.2.0, and Xen's. */
const OTHER_MACHINE_TYPES = /^(xenpv|xenfv.*|pc-(i440fx|q35)-[a-z].*|rhel\d.*)$/

/** Whether a QEMU has a machine type, which may be a distribution's. @param qemu the newest known unless given. */
export function supportsMachineType(qemu: string | undefined, machineType: string): boolean {
  return machineType === '' || hasMachineType(qemu, machineType) || OTHER_MACHINE_TYPES.test(machineType)
}

export type MachineFamily = 'i440fx' | 'q35' | 'isapc' | 'other'

/** What libvirt takes a machine type for, by its name. */
export function machineFamily(machineType: string): MachineFamily {
  if (/^(|pc|pc-[01]\..*|pc-i440.*|rhel.*)$/.test(machineType)) return 'i440fx'
  if (machineType === 'q35' || machineType.startsWith('pc-q35')) return 'q35'
  return machineType === 'isapc' ? 'isapc' : 'other'
}

/** Whether a device needs a PCI bus that the machine does not have. On isapc the USB controller is passed over. */
export function lacksPci({ arch, machineType, balloon, usb, panics }: DomainDefinition): boolean {
  const family = machineFamily(machineType)
  if (!Object.hasOwn(EMULATORS, arch) || family === 'i440fx' || family === 'q35') return false
  return balloon || (usb && family !== 'isapc') || panics.some(({ model }) => model === 'pvpanic')
}

const PVPANIC_PCI_SINCE = '6.0'

export function lacksPanicDevice(qemu: string | undefined, model: PanicModel): boolean {
  const release = qemuRelease(qemu)
  return model === 'isa' ? release.isBeforePvpanic : model === 'pvpanic' && !isSince(release, PVPANIC_PCI_SINCE)
}
