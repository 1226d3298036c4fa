// The devices that a command line can ask for, as data: their properties, and how QEMU of each version lists them.

import { DEBUG_EXIT_DEFAULT_IOBASE, DEBUG_EXIT_PORTS } from '../devices/debug-exit.js'
import { PVPANIC_DEFAULT_IOBASE } from '../devices/pvpanic.js'
import type { QemuFacts, QemuProfile } from '../machine/qemu-versions.js'
import { HelpRequest } from './keyval.js'

/** The bus that these devices are on. */
export const ISA_BUS = 'isa.0'
/** The bus of PCI functions, by the name that it has on a pc and on a q35. */
const PCI_BUS = /^pcie?\.0$/

/** Bits of the integer types that QEMU's properties have. */
export const INTEGER_BITS = { uint8: 8, uint16: 16, uint32: 32 } as const

/** A property that a command line can set. The type `slot` is written as a PCI slot and function are: "4", "04.0". */
export interface DeviceProperty {
  /** What QEMU calls it. */
  readonly name: string
  /** What the device's settings call it. */
  readonly setting: string
  readonly type: keyof typeof INTEGER_BITS | 'slot'
  readonly default: number
}

/** A kind of device. */
export interface DeviceType {
  /** What QEMU calls it: the value of `driver`. */
  readonly driver: string
  /** What its bus can be called; isa.0 unless given. */
  readonly bus?: RegExp
  /** In the order in which help lists them. */
  readonly properties: readonly DeviceProperty[]
  /** Memory regions, which help lists like properties. */
  readonly regions: readonly string[]
}

/** What a command line calls the pvpanic device and the properties that give its port. */
export interface PvpanicNames {
  readonly driver: string
  readonly portProperties: readonly string[]
}

/** The names that every QEMU has. */
export const QEMU_NAMES: PvpanicNames = { driver: 'pvpanic', portProperties: ['ioport'] }

export const DEBUG_EXIT_TYPE: DeviceType = {
  driver: 'isa-debug-exit',
  properties: [
    { name: 'iobase', setting: 'iobase', type: 'uint32', default: DEBUG_EXIT_DEFAULT_IOBASE },
    { name: 'iosize', setting: 'iosize', type: 'uint32', default: DEBUG_EXIT_PORTS },
  ],
  regions: [],
}

/** pvpanic-pci as a version of QEMU has it, by the properties that are known here. */
export function pvpanicPciType({ knownEvents }: QemuFacts): DeviceType {
  return {
    driver: 'pvpanic-pci',
    bus: PCI_BUS,
    properties: [
      { name: 'addr', setting: 'slot', type: 'slot', default: -1 },
      { name: 'events', setting: 'events', type: 'uint8', default: knownEvents },
    ],
    regions: [],
  }
}

/** pvpanic as a version of QEMU, or a planned one with other names, has it. */
export function pvpanicType(profile: QemuProfile, { driver, portProperties }: PvpanicNames = QEMU_NAMES): DeviceType {
  const ports = portProperties.map(
    (name): DeviceProperty => ({ name, setting: 'iobase', type: 'uint16', default: PVPANIC_DEFAULT_IOBASE }),
  )
  const events: DeviceProperty = { name: 'events', setting: 'events', type: 'uint8', default: profile.defaultEvents }
  return { driver, properties: profile.hasEventsProperty ? [events, ...ports] : ports, regions: ['pvpanic[0]'] }
}

/** Devices of the board, which exist but cannot be asked for. */
export const BOARD_DEVICES: readonly string[] = ['i8257']

const SLOT_HELP = 'Slot and optional function number, example: 06.0 or 06'

/** What `-device DRIVER,help` prints. */
export function deviceHelp({ driver, properties, regions }: DeviceType, facts: QemuFacts): HelpRequest {
  if (!facts.deviceHelpIsTable) {
    const children = facts.qomShowsRegions ? regions.map((name) => `${driver}.${name}=child<${facts.regionType}>`) : []
    const lines = [...children, ...properties.map(({ name, type }) => `${driver}.${name}=${type}`)]
    return new HelpRequest(lines.map((line) => `${line}\n`).join(''), 0, 'stderr')
  }
  const lines = [
    ...properties.map(({ name, type, default: value }) => {
      const [shown, meaning] = type === 'slot' ? [facts.pciAddressType, SLOT_HELP] : [type, '']
      return `${`${name}=<${shown}>`.padEnd(22)} - ${meaning} (default: ${value})`
    }),
    ...regions.map((name) => `${name}=<child<${facts.regionType}>>`),
  ]
  return new HelpRequest([`${driver} options:`, ...lines.map((line) => `  ${line}`), ''].join('\n'), 0)
}

/** What `-device help` prints. */
export function devicesHelp(types: readonly DeviceType[], facts: QemuFacts): HelpRequest {
  const shown = types.filter(({ driver }) => driver !== QEMU_NAMES.driver || facts.listsPvpanic)
  const lines = shown.map(({ driver, bus }) => `name "${driver}", bus ${bus === undefined ? 'ISA' : 'PCI'}`).sort()
  return new HelpRequest(['Misc devices:', ...lines, ''].join('\n'), 0, facts.deviceHelpIsTable ? 'stdout' : 'stderr')
}
