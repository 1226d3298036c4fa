// Memory of a machine with PCI functions: theirs lies over the guest's RAM.

import type { DmaMemory } from '../devices/i8257.js'
import { PVPANIC_PCI_MEMORY_SIZE, type PvpanicPci } from '../devices/pvpanic-pci.js'
import type { PciHost } from './pci-host.js'

interface Region {
  readonly start: number
  readonly pci: PvpanicPci
}

/** Splits accesses between RAM and the functions, as QEMU does: a function takes whole what begins at its first byte. */
export class PciMemory implements DmaMemory {
  readonly #host: PciHost
  readonly #ram: DmaMemory | undefined

  constructor(host: PciHost, ram: DmaMemory | undefined) {
    this.#host = host
    this.#ram = ram
  }

  read(address: number, into: Uint8Array): void {
    this.#split(address, into.length, (at, length, region) => {
      const part = into.subarray(at - address, at - address + length)
      if (region === undefined) this.#readRam(at, part)
      else putBytes(part, region.pci.readMemory(at - region.start, sizeOf(length)))
    })
  }

  write(address: number, from: Uint8Array): void {
    this.#split(address, from.length, (at, length, region) => {
      const part = from.subarray(at - address, at - address + length)
      if (region === undefined) this.#ram?.write(at, part)
      else region.pci.writeMemory(at - region.start, sizeOf(length), takeBytes(part))
    })
  }

  #readRam(address: number, into: Uint8Array): void {
    if (this.#ram === undefined) into.fill(0)
    else this.#ram.read(address, into)
  }

  #split(address: number, length: number, take: (at: number, length: number, region?: Region) => void): void {
    const regions = [...this.#host.functions.values()].flatMap((pci): Region[] => {
      const start = pci.memoryAddress
      return start === undefined ? [] : [{ start, pci }]
    })
    const end = address + length
    for (let at = address; at < end; ) {
      const region = regions.findLast(({ start }) => start <= at && at < start + PVPANIC_PCI_MEMORY_SIZE)
      const next = Math.min(end, ...regions.flatMap(({ start }) => (start > at ? [start] : [])))
      const step = region === undefined ? next - at : stepSize(at - region.start, end - at)
      take(at, step, region)
      at += step
    }
  }
}

/** As on the port bus: the largest power of two that is left, and by which the offset can be divided; four at most. */
function stepSize(offset: number, left: number): number {
  const largest = left >= 4 ? 4 : left === 3 ? 2 : left
  return offset === 0 ? largest : 1
}

const sizeOf = (length: number): 1 | 2 | 4 => (length === 4 ? 4 : length === 2 ? 2 : 1)

function putBytes(into: Uint8Array, value: number): void {
  for (let i = 0; i < into.length; i++) into[i] = (value >>> (8 * i)) & 0xff
}

function takeBytes(from: Uint8Array): number {
  return from.reduce((value, byte, i) => value | (byte << (8 * i)), 0) >>> 0
}
