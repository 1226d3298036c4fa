// The guest's port accesses, in the one place through which v86 sends them all: to the machine's bus, or to v86's own devices.

import type { IoPortBus } from '../bus/io-port-bus.js'
import type { PortDevice } from '../bus/port-device.js'
import type { PortRange } from '../bus/port-map.js'
import { MULTIBOOT_LOADER, multibootLoader } from './power-on-state.js'
import { INS, OUTS, StringInstructions } from './string-instruction.js'
import type { V86CpuControl } from './v86-cpu.js'
import type { V86Cpu, V86Io } from './v86-internals.js'

const PORT_COUNT = 0x10000
/** Bytes in the widest port access. */
const WIDEST_ACCESS = 4
/** What a port without a device reads as, in any width. */
const ALL_ONES = -1

/** Who serves an access that begins at a port. */
enum Owner {
  V86 = 0,
  /** The machine's bus. */
  Bus = 1,
  /** The bus, for one of its devices lies in reach of a wide access; unless v86 has a device at the port itself. */
  BusIfFree = 2,
}

/** What of the bus the guest sees, and who is told of failures. */
export interface GuestPortsOptions {
  /** Devices on the bus that stay unseen by the guest: v86 has its own. */
  readonly unseen: ReadonlySet<PortDevice>
  /** Told of what a device throws; the guest goes on. */
  readonly onError: (error: unknown) => void
}

/**
 * Lets the guest reach the devices on the bus wherever they are mapped at the moment. Everywhere else v86's own devices
 * answer, also where one of the machine's was mapped before.
 */
export function serveGuestPorts(
  cpu: V86Cpu,
  bus: IoPortBus,
  control: V86CpuControl,
  { unseen, onError }: GuestPortsOptions,
): void {
  const owners = new Uint8Array(PORT_COUNT)
  const isSeen = (port: number) => {
    const device = bus.mappingAt(port)?.device
    return device !== undefined && !unseen.has(device)
  }
  const follow = ({ base, size }: PortRange) => {
    for (let port = base + size - 1; port >= Math.max(0, base - WIDEST_ACCESS + 1); port--) {
      const reaches = owners.subarray(port + 1, port + WIDEST_ACCESS).includes(Owner.Bus)
      owners[port] = isSeen(port) ? Owner.Bus : reaches ? Owner.BusIfFree : Owner.V86
    }
  }
  follow({ base: 0, size: PORT_COUNT })
  bus.onChange(follow)

  const { io } = cpu
  const instructions = new StringInstructions(cpu, control)
  const onBus = (port: number) => {
    const owner = owners[port]
    return owner === Owner.Bus || (owner === Owner.BusIfFree && io.ports[port]?.device === undefined)
  }
  const read =
    (fromV86: V86Io['port_read8'], width: 1 | 2 | 4, fromBus: (port: number) => number) => (port: number) => {
      instructions.beforeAccess(INS, width)
      if (!onBus(port)) return fromV86.call(io, port)
      if (control.abandoned) return ALL_ONES
      try {
        return fromBus(port)
      } catch (error) {
        onError(error)
        return ALL_ONES
      }
    }
  const write =
    (toV86: V86Io['port_write8'], width: 1 | 2 | 4, toBus: (port: number, value: number) => void) =>
    (port: number, value: number) => {
      instructions.beforeAccess(OUTS, width)
      if (!onBus(port)) return toV86.call(io, port, value)
      if (control.abandoned) return
      try {
        toBus(port, value)
      } catch (error) {
        onError(error)
      }
      control.endLongTurn()
    }
  const { port_read8, port_read16, port_read32, port_write8, port_write16, port_write32 } = io
  io.port_read8 = read(port_read8, 1, (port) => bus.inb(port))
  io.port_read16 = read(port_read16, 2, (port) => bus.inw(port))
  const read32 = read(port_read32, 4, (port) => bus.inl(port))
  // Else a debug exit device there, in its usual place, would keep v86 from loading the image.
  const loadMultiboot = multibootLoader(cpu)
  io.port_read32 = (port) => (port === MULTIBOOT_LOADER && loadMultiboot !== undefined ? loadMultiboot() : read32(port))
  io.port_write8 = write(port_write8, 1, (port, value) => bus.outb(port, value))
  io.port_write16 = write(port_write16, 2, (port, value) => bus.outw(port, value))
  io.port_write32 = write(port_write32, 4, (port, value) => bus.outl(port, value))
}
