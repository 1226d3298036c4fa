// The DSDT of a PC with Intel's 440FX chip set, as far as an operating system needs it to find PCI and the ISA bridge.

import { acpiTable } from './acpi-table.js'
import { type Aml, device, eisaId, integer, join, name, packageOf, resources, scope } from './aml.js'
import { busNumbers, ioPorts, ioWindow, memoryWindow } from './resources.js'

const PCI_BRIDGE = 'PNP0A03'
const PCI_CONFIG_PORTS = { base: 0xcf8, size: 8 }
const VIDEO_MEMORY = { first: 0xa0000, last: 0xbffff }
/** The I/O APIC and what lies above it are no PCI memory. */
const PCI_MEMORY_LAST = 0xfebfffff
const ISA_BRIDGE_SLOT = 1
const PCI_SLOTS = 32
const PINS = 4
/** The interrupt of each of the four PCI lines, as SeaBIOS programs the 440FX. */
const LINE_INTERRUPTS = [10, 10, 11, 11] as const
/** What the sleep registers take for soft off. */
const SOFT_OFF = 0

/** @param pciMemoryFirst first address at which firmware puts PCI devices' memory. */
export function i440fxDsdt(pciMemoryFirst: number): Uint8Array {
  const body = join(
    scope(
      '_SB',
      device(
        'PCI0',
        name('_HID', eisaId(PCI_BRIDGE)),
        name('_UID', integer(0)),
        name('_CRS', windows(pciMemoryFirst)),
        name('_PRT', packageOf(...interruptRoutes())),
        device('ISA', name('_ADR', integer(ISA_BRIDGE_SLOT << 16))),
      ),
    ),
    name('_S5', packageOf(...[SOFT_OFF, SOFT_OFF, 0, 0].map(integer))),
  )
  return acpiTable({ signature: 'DSDT', revision: 1, tableId: 'I440FX' }, body)
}

/** What the host bridge hands on: everything but its own configuration ports and the machine's memory. */
function windows(pciMemoryFirst: number): Aml {
  const { base, size } = PCI_CONFIG_PORTS
  return resources(
    busNumbers(0, 0xff),
    ioPorts(base, size),
    ioWindow(0, base - 1),
    ioWindow(base + size, 0xffff),
    memoryWindow(VIDEO_MEMORY.first, VIDEO_MEMORY.last, 'video'),
    memoryWindow(pciMemoryFirst, PCI_MEMORY_LAST, 'device'),
  )
}

/** For each slot and pin the interrupt: lines rotate by one from slot to slot, slot 1 beginning with the first. */
function interruptRoutes(): Aml[] {
  const ANY_FUNCTION = 0xffff
  const routes: Aml[] = []
  for (let slot = 0; slot < PCI_SLOTS; slot++) {
    for (let pin = 0; pin < PINS; pin++) {
      const interrupt = LINE_INTERRUPTS[(slot + PINS - ISA_BRIDGE_SLOT + pin) % PINS] ?? LINE_INTERRUPTS[0]
      routes.push(packageOf(...[slot * 0x10000 + ANY_FUNCTION, pin, 0, interrupt].map(integer)))
    }
  }
  return routes
}
