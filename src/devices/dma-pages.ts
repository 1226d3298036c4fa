// The page registers of one DMA controller: address bits 16 to 23 of each channel, with an access rule of their own.

import type { IoPortBus } from '../bus/io-port-bus.js'
import type { PortDevice } from '../bus/port-device.js'
import type { PortMapping } from '../bus/port-map.js'

/** The channel whose page register lies at an offset from the page base; the gaps are no registers. */
const CHANNEL_AT: readonly (number | undefined)[] = [undefined, 2, 3, 1, undefined, undefined, undefined, 0]

/**
 * Page registers read back what was written and survive a reset. A word takes the register at its port and the next one
 * if there is one; a doubleword reads all ones and writes nothing (QEMU 1.5.0 to 11.1, recorded).
 */
export class DmaPages implements PortDevice {
  readonly unaligned = true
  readonly #channels: readonly { page: number }[]
  readonly #gap: number

  /**
   * @param channels the four channels whose `page` the registers hold.
   * @param gap what an offset reads as at which there is no register.
   */
  constructor(
    readonly name: string,
    channels: readonly { page: number }[],
    gap: 0 | 0xff,
  ) {
    this.#channels = channels
    this.#gap = gap
  }

  read8(offset: number): number {
    return this.#channels[CHANNEL_AT[offset] ?? -1]?.page ?? this.#gap
  }

  write8(offset: number, value: number): void {
    const channel = CHANNEL_AT[offset]
    if (channel !== undefined) (this.#channels[channel] as { page: number }).page = value
  }

  read32(_offset: number): number {
    return 0xffffffff
  }

  write32(_offset: number, _value: number): void {}
}

/** Maps the registers that exist: three ports together and one alone. */
export function mapDmaPages(bus: IoPortBus, pageBase: number, pages: PortDevice): PortMapping[] {
  return [bus.map(pageBase + 1, 3, pages, { offset: 1 }), bus.map(pageBase + 7, 1, pages, { offset: 7 })]
}
