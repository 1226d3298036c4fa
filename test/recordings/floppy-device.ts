// A floppy controller as seen from the DMA controller: it moves whole sectors over channel 2, one after another.

import type { I8257 } from '../../src/devices/i8257.js'
import { floppyByte, SECTOR_BYTES } from './floppy-pattern.js'

const CHANNEL = 2
const READ_DATA = 0x46
const WRITE_DATA = 0x45

/** Takes the inputs of a floppy recording that are not qtest lines. */
export class FloppyDevice {
  readonly #dma: I8257
  readonly #clearsBuffer: boolean
  readonly #disk = Uint8Array.from({ length: 32 * SECTOR_BYTES }, (_, index) => floppyByte(index))
  /** What the controller buffers: a sector, or at first the command itself. */
  readonly #fifo = new Uint8Array(SECTOR_BYTES)
  #waiting = false

  /** @param clearsBuffer before data comes, as the controller does since QEMU 10.0. */
  constructor(dma: I8257, clearsBuffer: boolean) {
    this.#dma = dma
    this.#clearsBuffer = clearsBuffer
  }

  /** "transfer done" or "waiting", or a sector's bytes in hexadecimal. */
  input(line: string): 'done' | 'waiting' | string {
    const [, verb = '', first = '', last = ''] = line.split(' ')
    switch (verb) {
      case 'sector':
        return Buffer.from(this.#sector(Number(first))).toString('hex')
      case 'result':
        return this.#outcome()
      default:
        return this.#transfer(verb === 'read' ? READ_DATA : WRITE_DATA, Number(first), Number(last))
    }
  }

  #transfer(command: number, first: number, last: number): string {
    const available = (last - first + 1) * SECTOR_BYTES
    this.#fifo.set([command, 0, 0, 0, first, 2, last, 0x1b, 0xff])
    if (this.#clearsBuffer) this.#fifo.fill(0)
    this.#waiting = true
    this.#dma.connect(CHANNEL, (_position, length) => {
      const bytes = Math.min(length, available)
      for (let position = 0; position < bytes; position += SECTOR_BYTES) {
        const sector = this.#sector(first + position / SECTOR_BYTES)
        const part = this.#fifo.subarray(0, Math.min(SECTOR_BYTES, bytes - position))
        if (command === READ_DATA) {
          this.#fifo.set(sector)
          this.#dma.writeMemory(CHANNEL, part, position)
        } else {
          this.#dma.readMemory(CHANNEL, part, position)
          sector.set(this.#fifo)
        }
      }
      this.#waiting = false
      this.#dma.dropRequest(CHANNEL)
      return bytes
    })
    this.#dma.raiseRequest(CHANNEL)
    return this.#outcome()
  }

  #outcome(): 'done' | 'waiting' {
    return this.#waiting ? 'waiting' : 'done'
  }

  #sector(number: number): Uint8Array {
    return this.#disk.subarray((number - 1) * SECTOR_BYTES, number * SECTOR_BYTES)
  }
}
