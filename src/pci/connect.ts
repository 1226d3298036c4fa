// Gives a machine pvpanic-pci functions, on a PCI bus that its port bus leads to.

import { checkInteger, OptionRangeError } from '../common/check.js'
import { PvpanicPci } from '../devices/pvpanic-pci.js'
import type { Machine } from '../machine/machine.js'
import { MachineError } from '../machine/machine-error.js'
import { PCI_HOST_IOBASE, PCI_HOST_PORTS, PCI_SLOTS, PciHost } from './pci-host.js'

/** Where a pvpanic-pci function is, and what it shows. */
export interface PvpanicPciPlace {
  /** Slot on bus 0, 0..31. The next one that is free from 4 on. */
  readonly slot?: number
  /** What a read of its memory shows, 0..0xff. The events that the QEMU version knows. */
  readonly events?: number
}

/** The chipset of a pc has the slots below. */
const FIRST_FREE_SLOT = 4

/**
 * Makes a function for each place and maps the bus's ports, 0xcf8 to 0xcff. The functions' reports are the machine's, as
 * those of its own device are. Their memory is for the emulator around to route: `PciHost.functions` has them, and
 * `PciMemory` routes it. `Machine.save()` does not hold their state: `PciHost.save()` does.
 * @throws {MachineError} if the machine's QEMU has no pvpanic-pci, or the machine no PCI bus.
 * @throws {OptionRangeError | OptionTypeError} naming `slot` or `events`.
 */
export function connectPvpanicPci(machine: Machine, places: readonly PvpanicPciPlace[] = [{}]): PciHost {
  const { version, hasPvpanicPci, knownEvents, machineType } = machine.qemu
  if (!hasPvpanicPci) throw new MachineError(`QEMU ${version} has no pvpanic-pci`)
  if (machineType === 'isapc') throw new MachineError('isapc has no PCI bus')
  const functions = new Map<number, PvpanicPci>()
  for (const { slot: wanted, events = knownEvents } of places) {
    const slot = checkInteger('slot', wanted ?? freeSlot(functions), 0, PCI_SLOTS - 1)
    if (functions.has(slot)) throw new OptionRangeError('slot', `${slot} is taken`)
    functions.set(slot, new PvpanicPci(machine.pvpanicOptions(events)))
  }
  const host = new PciHost(functions)
  machine.bus.map(PCI_HOST_IOBASE, PCI_HOST_PORTS, host)
  return host
}

function freeSlot(functions: ReadonlyMap<number, PvpanicPci>): number {
  let slot = FIRST_FREE_SLOT
  while (functions.has(slot)) slot++
  return slot
}
