// What libvirt refuses of a definition that parses, in its order: places on PCI, the name, the QEMU, actions, devices.

import { OptionRangeError } from '../common/check.js'
import { hexDigits } from '../common/hex.js'
import type { DomainDefinition, PanicDevice } from './domain-definition.js'
import type { TextPosition } from './domain-xml-error.js'
import { EMULATORS, lacksPanicDevice, lacksPci, machineFamily, supportsMachineType, VIRT_TYPES } from './emulator.js'

/** Why a definition is refused. */
export interface Refusal {
  /** libvirt's own text. */
  readonly reason: string
  /** Of the element that is to blame, where it is one. */
  readonly position: TextPosition | undefined
}

const refuse = (reason: string, position?: TextPosition): Refusal => ({ reason, position })
const unsupported = (reason: string, position?: TextPosition): Refusal =>
  refuse(`unsupported configuration: ${reason}`, position)

/**
 * The first thing that libvirt refuses; undefined if it takes the definition. The order was recorded from domains with
 * two faults each.
 * @param qemu version of the QEMU; 'any' leaves out what only one QEMU or another refuses.
 * @throws {OptionRangeError} naming `arch`, for another than a PC's, unless the emulator is one for PCs.
 */
export function refusalOf(definition: DomainDefinition, qemu: string | 'any' | undefined): Refusal | undefined {
  return (
    refusedModels(definition) ??
    refusedPlace(definition) ??
    refusedName(definition) ??
    (qemu === 'any' ? undefined : refusedByEmulator(definition, qemu)) ??
    refusedDriverAction(definition) ??
    first(definition.panics, (panic) => refusedPanic(definition, panic, qemu)) ??
    refusedDump(definition)
  )
}

function first<Item, Found>(items: readonly Item[], find: (item: Item) => Found | undefined): Found | undefined {
  for (const item of items) {
    const found = find(item)
    if (found !== undefined) return found
  }
  return undefined
}

function refusedModels({ panics }: DomainDefinition): Refusal | undefined {
  const second = panics.find(({ model }, index) => panics.findIndex((panic) => panic.model === model) < index)
  return second && refuse(`XML error: Multiple panic devices with model '${second.model}'`, second.position)
}

/** Places on the PCI bus. Of other devices only those are known that are on every board. */
function refusedPlace(definition: DomainDefinition): Refusal | undefined {
  if (lacksPci(definition)) return refuse('XML error: No PCI buses available')
  return first(definition.panics, ({ model, address, position }) => {
    if (model !== 'pvpanic' || address?.pci === undefined) return undefined
    const { domain, bus, slot, function: fn } = address.pci
    const place = `${hexDigits(domain, 4)}:${hexDigits(bus, 2)}:${hexDigits(slot, 2)}.${fn}`
    if (domain !== 0) {
      return refuse(`XML error: Invalid PCI address ${place}. Only PCI domain 0 is available`, position)
    }
    if (bus !== 0) {
      return refuse(`XML error: The device at PCI address ${place} needs to be an integrated device (bus=0)`, position)
    }
    // PIIX3 is there, with its IDE, USB and power management.
    const taken = slot === 1 && machineFamily(definition.machineType) === 'i440fx'
    return taken ? refuse(`XML error: Attempted double use of PCI Address ${place}`, position) : undefined
  })
}

function refusedName({ name }: DomainDefinition): Refusal | undefined {
  return name.includes('/') ? refuse(`XML error: name ${name} cannot contain '/'`) : undefined
}

/** What the QEMU that a domain is to run in does not have. */
function refusedByEmulator(definition: DomainDefinition, qemu: string | undefined): Refusal | undefined {
  const { arch, osType, type, machineType } = definition
  const emulator = definition.emulator || EMULATORS[arch] || ''
  const lacks = (what: string) => unsupported(`Emulator '${emulator}' does not support ${what}`)
  if (!Object.hasOwn(EMULATORS, arch)) {
    if (Object.values(EMULATORS).includes(emulator)) return lacks(`arch '${arch}'`)
    throw new OptionRangeError(
      'arch',
      `expected ${Object.keys(EMULATORS).join(' or ')}, a PC's; got ${JSON.stringify(arch)}`,
    )
  }
  if (osType !== 'hvm') return lacks(`os type '${osType}'`)
  if (!VIRT_TYPES.includes(type)) return lacks(`virt type '${type}'`)
  if (!supportsMachineType(qemu, machineType)) return lacks(`machine type '${machineType}'`)
  return undefined
}

/** The actions that the QEMU driver never takes. */
export function refusedDriverAction({ onReboot, onPoweroff, onCrash }: DomainDefinition): Refusal | undefined {
  const driver = (reason: string) => unsupported(`qemu driver doesn't support ${reason}`)
  if ([onReboot, onPoweroff, onCrash].includes('rename-restart')) {
    return driver("the 'rename-restart' action for 'on_reboot'/'on_poweroff'/'on_crash'")
  }
  if ([onReboot, onPoweroff].includes('preserve')) {
    return driver("the 'preserve' action for 'on_reboot'/'on_poweroff'")
  }
  // The quotes are libvirt's.
  if (onPoweroff === 'restart' && onReboot === 'destroy') {
    return driver("'onReboot' set to 'destroy and 'onPoweroff' set to 'reboot'")
  }
  return undefined
}

const X86 = ['i686', 'x86_64']

function refusedPanic(
  { arch, machineType }: DomainDefinition,
  { model, address, position }: PanicDevice,
  qemu: string | undefined,
): Refusal | undefined {
  const guests: Record<PanicDevice['model'], { name: string; fits: boolean } | undefined> = {
    isa: undefined,
    pvpanic: undefined,
    pseries: { name: 'pSeries', fits: /^ppc64(le)?$/.test(arch) && machineType.startsWith('pseries') },
    hyperv: { name: 'i686 and x86_64', fits: X86.includes(arch) },
    s390: { name: 'S390', fits: /^s390x?$/.test(arch) },
  }
  const needed = guests[model]
  if (needed !== undefined && !needed.fits) {
    return unsupported(`only ${needed.name} guests support panic device of model '${model}'`, position)
  }
  if (model !== 'isa' && model !== 'pvpanic') {
    if (address === undefined) return undefined
    return unsupported(`setting the panic device address is not supported for model '${model}'`, position)
  }
  const { device, needs, says } = PANIC_BUSES[model]
  if (qemu !== 'any' && lacksPanicDevice(qemu, model)) {
    return unsupported(`the QEMU binary does not support the ${device} device`, position)
  }
  return address === undefined || address.type === needs ? undefined : unsupported(says, position)
}

/** The two devices on a bus, and libvirt's words about them; that a QEMU lacks one is read in its source. */
const PANIC_BUSES = {
  isa: { device: 'ISA panic', needs: 'isa', says: 'panic is supported only with ISA address type' },
  pvpanic: { device: 'PCI pvpanic', needs: 'pci', says: 'pvpanic is supported only with PCI address type' },
}

/** Only a crash can be dumped. */
export function refusedDump({ onReboot, onPoweroff }: DomainDefinition): Refusal | undefined {
  const actions = [
    ['poweroff', onPoweroff],
    ['reboot', onReboot],
  ] as const
  return first(actions, ([event, action]) =>
    action.startsWith('coredump-')
      ? unsupported(`Lifecycle event '${event}' doesn't support '${action}' action`)
      : undefined,
  )
}
