// The guest that runs when the user has none: it looks for pvpanic, reports a panic, and says all that it does.

import { hex } from '../../common/hex.js'
import { PVPANIC_DEFAULT_IOBASE, PVPANIC_PANICKED } from '../../devices/pvpanic.js'
import { GuestRom } from './guest-rom.js'
import { NO_DEVICE } from './pc-ports.js'

/** Where the built-in guest looks for the device, and how large its image is. */
export interface BuiltinGuestOptions {
  /** Where the guest looks for pvpanic, 0..0xffff. Default: 0x505. */
  readonly iobase?: number
  /** Size of the ROM in bytes, as for `GuestRom`. Default: 65536. */
  readonly size?: number
}

/**
 * The ROM image of the built-in guest. It tells COM1 each step before it takes it; the source is its documentation.
 *
 * @throws {AssemblyError | RangeError} if an option is out of range.
 */
export function builtinGuest(options: BuiltinGuestOptions = {}): Uint8Array {
  return builtinGuestProgram(options).build()
}

/**
 * The built-in guest before it is made into bytes; more steps added here follow the halt and never run.
 * @throws {AssemblyError | RangeError} if an option is out of range.
 */
export function builtinGuestProgram({ iobase = PVPANIC_DEFAULT_IOBASE, size }: BuiltinGuestOptions = {}): GuestRom {
  const port = hex(iobase)
  return (
    new GuestRom(size)
      .print('guest: started at the reset vector\n')

      .print(`guest: reading port ${port} to see whether pvpanic is there\n`)
      .inb(iobase)
      .whenAlIs(NO_DEVICE, (guest) => guest.print('guest: no device answers, nothing to report to\n').halt())
      .print('guest: it offers events 0x')
      .printHex()
      .print('\n')
      .whenAlLacks(PVPANIC_PANICKED, (guest) =>
        guest.print('guest: it does not take panics, nothing to report\n').halt(),
      )

      // With pvpanic at port 0, this must still reach the controller: only channel 0's address is hidden then.
      .print('guest: programming DMA channel 2, as a floppy driver does\n')
      .programDma({ channel: 2, address: 0x10000, length: 512, transfer: 'to-memory' })

      .print(`guest: panic, writing 1 to port ${port}\n`)
      .outb(iobase, PVPANIC_PANICKED)

      // Reached only if the host lets a guest go on that has panicked.
      .print('guest: still here after the panic, halting\n')
      .halt()
  )
}
