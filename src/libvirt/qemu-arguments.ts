// The command line that libvirt gives QEMU for a definition: what decides over a panic, in its order.

import { hex } from '../common/hex.js'
import { isSince, qemuRelease } from '../machine/qemu-releases.js'
import { checkIsDefinition, type DomainDefinition, type PanicAddress } from './domain-definition.js'
import { type MachineFamily, machineFamily } from './emulator.js'
import { libvirtProfile } from './libvirt-version.js'

/** What decides the form of QEMU's arguments. */
export interface QemuArgumentsOptions {
  /** libvirt's version, from 9.0 on. The newest known. */
  readonly libvirt?: string
  /** QEMU's version. The newest. */
  readonly qemu?: string
}

/** `-device` takes JSON. */
const JSON_SINCE = '6.2'
/** QMP has set-action, by which libvirt tells QEMU of on_reboot. */
const SET_ACTION_SINCE = '6.0'

/**
 * The arguments for the panic devices and the ends of a guest's run, and everything that is passed through. Of `-cpu`
 * only what a hyperv panic device makes of the processor; the one of mode host-model stands as `host`. A PCI device without an address gets the place that it has in
 * a domain without other PCI devices than those that libvirt adds by itself. `on_crash` shows only in `-no-reboot`, which
 * a QEMU before 6.0 gets instead of `-no-shutdown` where every end of the guest destroys it: libvirt acts by itself.
 *
 * Held against `virsh domxml-to-native qemu-argv` of libvirt 9.0.0 with QEMU 7.2 and libvirt 11.3.0 with QEMU 10.0;
 * `-no-reboot` is as in libvirt's own test data.
 * @throws {OptionTypeError} if `definition` is something else; {OptionRangeError} for a version that is none, or a libvirt
 *   before 9.0.
 */
export function qemuArguments(definition: DomainDefinition, options: QemuArgumentsOptions = {}): string[] {
  checkIsDefinition(definition)
  const { panics, machineType } = definition
  const { recent } = libvirtProfile(options.libvirt)
  const release = qemuRelease(options.qemu)
  const family = machineFamily(machineType)
  const hyperv = panics.some(({ model }) => model === 'hyperv')
  const ends = [definition.onReboot, definition.onPoweroff, definition.onCrash.replace('coredump-', '')]
  const neverReboots = !isSince(release, SET_ACTION_SINCE) && ends.every((action) => action === 'destroy')
  return [
    ...(hyperv ? ['-cpu', `${cpuOf(definition, family)},hv-crash`] : []),
    neverReboots ? '-no-reboot' : '-no-shutdown',
    ...(recent && family === 'q35' ? ['-global', 'ICH9-LPC.noreboot=off'] : []),
    ...definition.qemuArguments,
    ...panics.flatMap(({ model, address }) => {
      if (model !== 'isa' && model !== 'pvpanic') return []
      const device = model === 'isa' ? isaDevice(address) : pciDevice(address, definition, family)
      return ['-device', deviceArgument(device, isSince(release, JSON_SINCE))]
    }),
  ]
}

function cpuOf({ cpu, arch }: DomainDefinition, family: MachineFamily): string {
  if (cpu !== '') return cpu === 'host-model' ? 'host' : cpu
  if (family === 'isapc') return '486'
  return arch === 'i686' ? 'qemu32' : 'qemu64'
}

type Device = Readonly<Record<string, string | number>>

function isaDevice(address: PanicAddress | undefined): Device {
  // An address without iobase means port 0, not the device's default.
  return { driver: 'pvpanic', ...(address === undefined ? {} : { ioport: address.iobase ?? 0 }) }
}

function pciDevice(address: PanicAddress | undefined, { balloon }: DomainDefinition, family: MachineFamily): Device {
  const bus = family === 'q35' ? 'pcie.0' : 'pci.0'
  const { slot = 0, function: fn = 0 } = address?.pci ?? {}
  const chosen = slot === 0 && fn === 0 ? (family === 'q35' ? 1 : 2) + (balloon ? 1 : 0) : slot
  return { driver: 'pvpanic-pci', bus, addr: fn === 0 ? hex(chosen) : `${hex(chosen)}.${hex(fn)}` }
}

function deviceArgument({ driver = '', ...properties }: Device, json: boolean): string {
  if (json) return JSON.stringify({ driver, ...properties })
  return [driver, ...Object.entries(properties).map(([name, value]) => `${name}=${value}`)].join(',')
}
