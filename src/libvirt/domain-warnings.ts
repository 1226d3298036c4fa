// Traps in a domain definition: what libvirt accepts, and what it then does that its writer will not have meant.

import { PVPANIC_DEFAULT_IOBASE } from '../devices/pvpanic.js'
import type { DomainDefinition, PanicAddress } from './domain-definition.js'

/** What a PC has at fixed ports. A pvpanic device there is in front of it. */
const PC_PORTS: readonly { readonly first: number; readonly last: number; readonly what: string }[] = [
  { first: 0x00, last: 0x0f, what: 'the DMA controller' },
  { first: 0x20, last: 0x21, what: 'the interrupt controller' },
  { first: 0x40, last: 0x43, what: 'the timer' },
  { first: 0x60, last: 0x60, what: 'the keyboard controller' },
  { first: 0x61, last: 0x61, what: 'the speaker port' },
  { first: 0x64, last: 0x64, what: 'the keyboard controller' },
  { first: 0x70, last: 0x71, what: 'the RTC: the BIOS itself panics there before anything boots' },
  { first: 0x80, last: 0x8f, what: 'the DMA page registers' },
  { first: 0x92, last: 0x92, what: 'the A20 port' },
  { first: 0xa0, last: 0xa1, what: 'the second interrupt controller' },
  { first: 0xc0, last: 0xdf, what: 'the second DMA controller' },
  { first: 0x170, last: 0x177, what: 'the second IDE channel' },
  { first: 0x1f0, last: 0x1f7, what: 'the first IDE channel' },
  { first: 0x2f8, last: 0x2ff, what: 'COM2' },
  { first: 0x378, last: 0x37f, what: 'LPT1' },
  { first: 0x3b0, last: 0x3df, what: 'the VGA registers' },
  { first: 0x3f0, last: 0x3f7, what: 'the floppy controller' },
  { first: 0x3f8, last: 0x3ff, what: 'COM1' },
  { first: 0x510, last: 0x51b, what: 'fw_cfg' },
  { first: 0xcf8, last: 0xcf8, what: 'the PCI configuration port' },
  { first: 0xcfc, last: 0xcff, what: 'the PCI configuration port' },
]
/** The one port that does not go to pvpanic: QEMU's reset control has a higher priority. */
const RESET_CONTROL_PORT = 0xcf9
const PORT_MAX = 0xffff

/** A sentence for each trap. */
export function domainWarnings(definition: DomainDefinition): string[] {
  const { onCrash, onReboot, panics, panicNotifier, machineType } = definition
  const isa = panics.filter(({ model }) => model === 'isa')
  return [
    ...(panicNotifier
      ? ['<panic-notifier/> is the name of 2013: libvirt drops it without a word; write <panic model="isa"/>']
      : []),
    ...(onCrash === 'ignore' ? ['on_crash=ignore is the proposal of 2013: libvirt refuses it'] : []),
    ...(machineType === 'pc-1.5' ? ['no QEMU has a machine type pc-1.5; they are pc-i440fx-1.5 and pc-q35-1.5'] : []),
    ...isa.flatMap(({ address }) => (address === undefined ? [] : addressWarnings(address))),
    ...(panics.some(({ model }) => model === 'hyperv')
      ? ['model hyperv is no port: the guest reports through Hyper-V crash registers, which are not simulated here']
      : []),
    ...(onReboot === 'destroy' && onCrash.endsWith('restart')
      ? [`on_reboot=destroy defeats on_crash=${onCrash}: libvirt restarts by a reset, and the domain ends by that`]
      : []),
    ...(onCrash.endsWith('restart') ? ['a guest that panics at every boot is restarted for ever'] : []),
    ...(onCrash.startsWith('coredump-')
      ? [`if the dump fails the guest is preserved: no ${onCrash.slice(9)} follows`]
      : []),
    ...(panics.length === 0 && !passesDevice(definition) ? ['without a panic device on_crash is never looked at'] : []),
    ...passthroughWarnings(definition),
  ]
}

const hexadecimal = (port: number): string => `0x${port.toString(16)}`

function addressWarnings({ iobase, iobaseText, irq }: PanicAddress): string[] {
  const warnings: string[] = []
  if (iobase === undefined) {
    warnings.push(
      `an ISA address without iobase means port 0, not ${hexadecimal(PVPANIC_DEFAULT_IOBASE)}: no driver finds the device`,
    )
  } else if (iobaseText !== undefined && !/^\s*0x/i.test(iobaseText)) {
    warnings.push(`iobase='${iobaseText}' is read as hexadecimal: port ${hexadecimal(iobase)}`)
  }
  if (irq !== undefined) warnings.push('irq has no effect: the device has none')
  const port = iobase ?? 0
  if (port > PORT_MAX) warnings.push(`iobase ${hexadecimal(port)} is no port: QEMU will not start`)
  if (port === RESET_CONTROL_PORT) warnings.push('port 0xcf9 is the reset control: the device is never reached')
  const shadowed = PC_PORTS.find(({ first, last }) => first <= port && port <= last)
  if (shadowed !== undefined) warnings.push(`port ${hexadecimal(port)} takes the place of ${shadowed.what}`)
  return warnings
}

const passesDevice = ({ qemuArguments }: DomainDefinition): boolean =>
  qemuArguments.some((value, index) => value.includes('pvpanic') && qemuArguments[index - 1] === '-device')

function passthroughWarnings({ qemuArguments, panics }: DomainDefinition): string[] {
  const warnings: string[] = []
  for (const [index, value] of qemuArguments.entries()) {
    const option = qemuArguments[index - 1]
    if (option === '-action' && value.includes('panic=none')) {
      warnings.push('-action panic=none lets the guest go on, but libvirt does not look: it acts as if it had stopped')
    }
    if (option === '-global' && value.startsWith('pvpanic.iobase')) {
      const effect = panics.length > 0 ? 'QEMU will not start' : 'it has no effect'
      warnings.push(`the property pvpanic.iobase of 2013 is called ioport: ${effect}`)
    }
  }
  return warnings
}
