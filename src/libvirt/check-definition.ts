// What libvirt 9.0's QEMU driver refuses although it parses, in its order.

import type { DomainDefinition, PanicDevice } from './domain-definition.js'
import type { TextPosition } from './domain-xml-error.js'

/** Never returns; the position is missing where no one element is to blame. */
export type Refuse = (position: TextPosition | undefined, reason: string) => never

/** The message's name for a machine type; QEMU's are pc-i440fx-1.5 and pc-q35-1.5. */
const MESSAGE_MACHINE_TYPE = 'pc-1.5'

/** Calls `refuse` with the first thing that is wrong. */
export function checkDefinition(definition: DomainDefinition, dialect: 'message' | 'libvirt', refuse: Refuse): void {
  const { machineType, emulator } = definition
  if (dialect === 'libvirt' && machineType === MESSAGE_MACHINE_TYPE) {
    refuse(undefined, unsupported(`Emulator '${emulator}' does not support machine type '${machineType}'`))
  }
  checkModelsDiffer(definition.panics, refuse)
  checkDriverActions(definition, refuse)
  for (const panic of definition.panics) checkPanic(definition, panic, refuse)
  checkDumpActions(definition, refuse)
}

const unsupported = (reason: string): string => `unsupported configuration: ${reason}`

function checkModelsDiffer(panics: readonly PanicDevice[], refuse: Refuse): void {
  const seen = new Set<string>()
  for (const { model, position } of panics) {
    if (seen.has(model)) refuse(position, `XML error: Multiple panic devices with model '${model}'`)
    seen.add(model)
  }
}

/** The actions that the QEMU driver never takes. */
export function checkDriverActions({ onReboot, onPoweroff, onCrash }: DomainDefinition, refuse: Refuse): void {
  const driver = (reason: string) => refuse(undefined, unsupported(`qemu driver doesn't support ${reason}`))
  if ([onReboot, onPoweroff, onCrash].includes('rename-restart')) {
    driver("the 'rename-restart' action for 'on_reboot'/'on_poweroff'/'on_crash'")
  }
  if ([onReboot, onPoweroff].includes('preserve')) driver("the 'preserve' action for 'on_reboot'/'on_poweroff'")
  // The quotes are libvirt's.
  if (onPoweroff === 'restart' && onReboot === 'destroy') {
    driver("'onReboot' set to 'destroy and 'onPoweroff' set to 'reboot'")
  }
}

const X86 = ['i686', 'x86_64']

function checkPanic(
  { arch, machineType }: DomainDefinition,
  { model, address, position }: PanicDevice,
  refuse: Refuse,
): void {
  const guests: Record<PanicDevice['model'], { name: string; fits: boolean } | undefined> = {
    isa: undefined,
    pseries: { name: 'pSeries', fits: /^ppc64(le)?$/.test(arch) && machineType.startsWith('pseries') },
    hyperv: { name: 'i686 and x86_64', fits: X86.includes(arch) },
    s390: { name: 'S390', fits: /^s390x?$/.test(arch) },
  }
  const needed = guests[model]
  if (needed !== undefined && !needed.fits) {
    refuse(position, unsupported(`only ${needed.name} guests support panic device of model '${model}'`))
  }
  if (address === undefined) return
  if (model !== 'isa') {
    refuse(position, unsupported(`setting the panic device address is not supported for model '${model}'`))
  }
  if (address.type !== 'isa') refuse(position, unsupported('panic is supported only with ISA address type'))
}

/** Only a crash can be dumped. */
export function checkDumpActions({ onReboot, onPoweroff }: DomainDefinition, refuse: Refuse): void {
  for (const [event, action] of [
    ['poweroff', onPoweroff],
    ['reboot', onReboot],
  ]) {
    if (action?.startsWith('coredump-') === true) {
      refuse(undefined, unsupported(`Lifecycle event '${event}' doesn't support '${action}' action`))
    }
  }
}
