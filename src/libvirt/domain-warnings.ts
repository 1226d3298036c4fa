// Traps in a domain definition: what libvirt accepts, and what it then does that its writer will not have meant.

import { hex } from '../common/hex.js'
import { PVPANIC_DEFAULT_IOBASE } from '../devices/pvpanic.js'
import { pcPortsAt } from '../machine/pc-ports.js'
import type { DomainDefinition, PanicAddress } from './domain-definition.js'
import { aboutOtherDevice, otherPanicDevices } from './other-devices.js'

/** The one port that does not go to pvpanic: QEMU's reset control has a higher priority. */
const RESET_CONTROL_PORT = 0xcf9
const PORT_MAX = 0xffff

/** A sentence for each trap. With `proposal2013` the definition may hold what only the proposal of 2013 has. */
export function domainWarnings(definition: DomainDefinition, { proposal2013 = false } = {}): string[] {
  const { onCrash, onReboot, panics, panicNotifier, machineType, cpu } = definition
  const others = otherPanicDevices(definition)
  const isa = panics.filter(({ model }) => model === 'isa')
  return [
    ...(panicNotifier
      ? [
          '<panic-notifier/> is the element of the proposal of 2013: libvirt drops it silently; write <panic model="isa"/>',
        ]
      : []),
    ...(onCrash === 'ignore' ? ['on_crash=ignore is of the proposal of 2013: libvirt refuses it'] : []),
    ...(proposal2013 && machineType === 'pc-1.5'
      ? ['no QEMU has a machine type pc-1.5; they are pc-i440fx-1.5 and pc-q35-1.5']
      : []),
    ...isa.flatMap(({ address }) => (address === undefined ? [] : addressWarnings(address))),
    ...others.map(aboutOtherDevice),
    ...(cpu === 'host-model' && others.includes('hyperv')
      ? ['the processor of CPU mode host-model depends on the host: it stands as host in the arguments']
      : []),
    ...(onReboot === 'destroy' && onCrash.endsWith('restart')
      ? [`on_reboot=destroy defeats on_crash=${onCrash}: libvirt restarts by a reset, and the domain ends by that`]
      : []),
    ...(onCrash.endsWith('restart') ? ['a guest that panics at every boot is restarted for ever'] : []),
    ...(onCrash.startsWith('coredump-')
      ? [`if the dump fails the guest is preserved: no ${onCrash.slice(9)} follows`]
      : []),
    ...(panics.length === 0 && others.length === 0 && !passesDevice(definition)
      ? ['there is no panic device, so libvirt never looks at on_crash']
      : []),
    ...passthroughWarnings(definition),
  ]
}

function addressWarnings({ iobase, iobaseText, irq }: PanicAddress): string[] {
  const warnings: string[] = []
  if (iobase === undefined) {
    warnings.push(
      `an ISA address without iobase means port 0, not ${hex(PVPANIC_DEFAULT_IOBASE)}: no driver finds the device`,
    )
  } else if (iobaseText !== undefined && !/^\s*0x/i.test(iobaseText)) {
    warnings.push(`iobase='${iobaseText}' is read as hexadecimal: port ${hex(iobase)}`)
  }
  if (irq !== undefined) warnings.push('irq has no effect: the device has none')
  const port = iobase ?? 0
  if (port > PORT_MAX) warnings.push(`iobase ${hex(port)} is no port: QEMU will not start`)
  if (port === RESET_CONTROL_PORT) warnings.push('port 0xcf9 is the reset control: the device is never reached')
  else {
    const shadowed = pcPortsAt(port)
    if (shadowed !== undefined) warnings.push(`port ${hex(port)} takes the place of ${shadowed.title}`)
  }
  return warnings
}

const passesDevice = ({ qemuArguments }: DomainDefinition): boolean =>
  qemuArguments.some((value, index) => value.includes('pvpanic') && qemuArguments[index - 1] === '-device')

function passthroughWarnings({ qemuArguments, panics }: DomainDefinition): string[] {
  const warnings: string[] = []
  for (const [index, value] of qemuArguments.entries()) {
    const option = qemuArguments[index - 1]
    if (option === '-action' && value.includes('panic=none')) {
      warnings.push(
        '-action panic=none lets the guest go on, and libvirt ignores that: it acts as if QEMU had stopped the guest',
      )
    }
    if (option === '-global' && value.startsWith('pvpanic.iobase')) {
      const effect = panics.length > 0 ? 'QEMU will not start' : 'it has no effect'
      warnings.push(`the property pvpanic.iobase of 2013 is called ioport: ${effect}`)
    }
  }
  return warnings
}
