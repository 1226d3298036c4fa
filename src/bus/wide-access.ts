// Accesses of two and four bytes: how much of one a device takes in one go, in which form, and QEMU's rules for the rest.

import type { PortDevice } from './port-device.js'

/**
 * What becomes of an access of two or four bytes that is not aligned within the device at its first port. One that is
 * aligned goes to that device whole, even past the device's last port, under every rule.
 * - `split`: the device takes as much as is aligned, the rest starts over at the next port. QEMU 1.6 to 10.0 over qtest and
 *   HMP, and for a guest under KVM in any version. Closest to a PC, which has no such access refused.
 * - `aligned`: it is refused, reads 0 and writes nothing, unless the device takes unaligned accesses. QEMU 11.1 over
 *   qtest and HMP, and for a guest under TCG from 7.2 on.
 * - `whole`: the device takes it whole. Where there is none a word is two accesses of a byte, which wrap from port 0xffff
 *   to 0, and a doubleword reads all ones and writes nothing. QEMU 1.5.
 */
export type WideAccess = 'split' | 'aligned' | 'whole'

export const WIDE_ACCESSES: readonly WideAccess[] = ['split', 'aligned', 'whole']

/** The accesses that a device may take whole, as bits. */
export enum Form {
  Read16 = 1,
  Read32 = 2,
  Write16 = 4,
  Write32 = 8,
}

/** The accesses that the device takes whole. */
export function formsOf({ read16, read32, write16, write32 }: PortDevice): number {
  return (
    (read16 ? Form.Read16 : 0) |
    (read32 ? Form.Read32 : 0) |
    (write16 ? Form.Write16 : 0) |
    (write32 ? Form.Write32 : 0)
  )
}

/** How many of the `left` bytes of an access the device takes in one go under `split`: 1, 2 or 4. */
export function stepSize(device: PortDevice, offset: number, left: number): number {
  const most = left === 3 ? 2 : left
  if (device.unaligned === true || offset === 0) return most
  const alignment = offset & -offset
  return Math.min(most, alignment)
}

/** Reads `size` bytes (1, 2, 4) at `offset`, as the device likes it; the result may be negative for 4 bytes. */
export function readWhole(device: PortDevice, offset: number, size: number): number {
  if (size === 4 && device.read32 !== undefined) return device.read32(offset)
  if (size === 2 && device.read16 !== undefined) return device.read16(offset)
  let value = 0
  for (let i = 0; i < size; i++) value |= device.read8(offset + i) << (8 * i)
  return value
}

/** Writes the low `size` bytes (1, 2, 4) of `value` at `offset`, as the device likes it. */
export function writeWhole(device: PortDevice, offset: number, size: number, value: number): void {
  if (size === 4 && device.write32 !== undefined) device.write32(offset, value >>> 0)
  else if (size === 2 && device.write16 !== undefined) device.write16(offset, value & 0xffff)
  else for (let i = 0; i < size; i++) device.write8(offset + i, (value >>> (8 * i)) & 0xff)
}
