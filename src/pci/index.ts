// The entry point for pvpanic-pci: the PCI function, and a PC's way to it.

export { PVPANIC_PCI_MEMORY_SIZE, PvpanicPci, type PvpanicPciState } from '../devices/pvpanic-pci.js'
export { connectPvpanicPci, type PvpanicPciPlace } from './connect.js'
export {
  PCI_HOST_IOBASE,
  PCI_HOST_PORTS,
  PCI_SLOTS,
  PciHost,
  type PciHostState,
  parsePciHostState,
} from './pci-host.js'
export { PciMemory } from './pci-memory.js'
