// What the port bus asks of a device: bytes by offset, and wide accesses only if the device wants them whole.

/**
 * A device on the port bus. It knows offsets into its own registers, never port numbers.
 *
 * Values are unsigned and already reduced to their width. A handler must not throw; what it throws reaches the guest's
 * access and so the emulator's CPU loop.
 *
 * An access can start inside a mapping and run past its end (the bus never splits one there): offsets up to three past
 * the last port of a mapping can arrive, and a device answers them as it likes. A one-port device that ignores the
 * offset answers every byte itself, as QEMU's pvpanic does.
 */
export interface PortDevice {
  /** Name shown by `IoPortBus.mappings()`. */
  readonly name: string
  /** Reads the byte at `offset`; returns 0..0xff. */
  read8(offset: number): number
  /** Writes a byte (0..0xff) at `offset`. */
  write8(offset: number, value: number): void
  /** Takes 16-bit reads whole; without it the bus reads two bytes, low one first. */
  read16?(offset: number): number
  /** Takes 16-bit writes whole; without it the bus writes two bytes, low one first. */
  write16?(offset: number, value: number): void
  /** Takes 32-bit reads whole; without it the bus reads four bytes, low one first. */
  read32?(offset: number): number
  /** Takes 32-bit writes whole; without it the bus writes four bytes, low one first. */
  write32?(offset: number, value: number): void
  /** Takes a block of `insb` whole, all of it read at `offset`; without it the bus reads byte after byte. */
  readBlock?(offset: number, into: Uint8Array): void
  /** Takes a block of `outsb` whole, all of it written at `offset`; without it the bus writes byte after byte. */
  writeBlock?(offset: number, from: Uint8Array): void
  /**
   * Whether a wide access may start at any offset. Without it the bus first splits the access so that each part is
   * aligned to its own size within the device.
   */
  readonly unaligned?: boolean
  /** Puts the registers into their state after a system reset. */
  reset?(): void
}
