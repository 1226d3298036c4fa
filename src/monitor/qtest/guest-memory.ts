// Flat guest RAM for a machine without an emulator around it.

import type { DmaMemory } from '../../devices/i8257.js'

/** RAM from address 0 on. Beyond its end reads give 0 and writes vanish, as in QEMU where nothing is mapped. */
export class GuestMemory implements DmaMemory {
  readonly bytes: Uint8Array

  /** @param size in bytes. */
  constructor(size: number) {
    this.bytes = new Uint8Array(size)
  }

  read(address: number, into: Uint8Array): void {
    into.fill(0)
    into.set(this.bytes.subarray(address, address + into.length))
  }

  write(address: number, from: Uint8Array): void {
    if (address < this.bytes.length) this.bytes.set(from.subarray(0, this.bytes.length - address), address)
  }
}
