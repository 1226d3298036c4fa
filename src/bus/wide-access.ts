// How much of a wide access a device takes in one go, and in which form; QEMU's rules (recorded, test/recordings).

import type { PortDevice } from './port-device.js'

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

/** How many of the `left` bytes of an access the device takes in one go: 1, 2 or 4. */
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
