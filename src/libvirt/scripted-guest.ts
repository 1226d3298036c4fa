// A guest reduced to what matters here: how it finds the device, what it writes, and what it does about its own panic.

import { PVPANIC_DEFAULT_IOBASE, PVPANIC_PANICKED } from '../devices/pvpanic.js'
import { pvpanicPortFile } from '../firmware/pvpanic-port.js'
import type { Machine } from '../machine/machine.js'

/** A guest without a CPU: what it would do, as far as a panic is concerned. */
export interface ScriptedGuest {
  /**
   * How it comes to the device's port. 'firmware': as Linux and Windows do, from the ACPI device that the firmware makes
   * of the fw_cfg file. 'fixed port': it writes 0x505 without asking. 'none': it has no driver.
   */
  readonly driver: 'firmware' | 'fixed port' | 'none'
  /** It reboots by itself after a panic, if it still runs then: Linux's `panic=1`. */
  readonly rebootOnPanic?: boolean
  /** It sets up DMA channel 0 before, whose address register is port 0. */
  readonly usesDma?: boolean
}

/** What such a guest did. */
export interface GuestRun {
  /** Where its driver wrote; undefined: it found no device. */
  readonly port: number | undefined
  readonly rebootedItself: boolean
}

const DMA_CHANNEL_0_ADDRESS = 0
/** Low byte, then high byte. The low one has bit 0 set, as for any odd address. */
const DMA_ADDRESS = [0x01, 0x80]

/** Lets the guest set up its DMA, if it does, then panic. */
export function runGuest(guest: ScriptedGuest, machine: Machine): GuestRun {
  if (guest.usesDma === true) {
    for (const byte of DMA_ADDRESS) machine.bus.outb(DMA_CHANNEL_0_ADDRESS, byte)
  }
  const port = findPort(guest, machine)
  // What the machine does about the panic can be a reset: then this guest is no more.
  let wasReset = false
  const unwatch = machine.on('RESET', () => {
    wasReset = true
  })
  if (port !== undefined && machine.runState === 'running') machine.bus.outb(port, PVPANIC_PANICKED)
  unwatch()
  const goesOn = machine.exitCode === undefined && machine.runState === 'running' && !wasReset
  const rebootedItself = goesOn && guest.rebootOnPanic === true
  if (rebootedItself) machine.guestReset()
  return { port, rebootedItself }
}

function findPort({ driver }: ScriptedGuest, machine: Machine): number | undefined {
  if (driver === 'none') return undefined
  if (driver === 'fixed port') return PVPANIC_DEFAULT_IOBASE
  if (machine.pvpanics.length === 0) return undefined
  const [low = 0, high = 0] = pvpanicPortFile(machine).data
  const port = low | (high << 8)
  // QEMU 1.5's firmware shows the device to the operating system only if the file has a port other than 0.
  return port === 0 ? undefined : port
}
