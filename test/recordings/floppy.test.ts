import { describe, expect, it } from 'vitest'
import { IoPortBus } from '../../src/bus/io-port-bus.js'
import { type DmaMemory, I8257, I8257_PRIMARY } from '../../src/devices/i8257.js'
import { FloppyDevice } from './floppy-device.js'
import { SECTOR_BYTES } from './floppy-pattern.js'
import { accessPort, cNumber } from './port-access.js'
import type { FloppyScenario } from './record-floppy.js'
import { type Header, readRecording } from './recording.js'

const MEMORY_BYTES = 0x100_0000

class Memory implements DmaMemory {
  readonly bytes = new Uint8Array(MEMORY_BYTES)

  read(address: number, into: Uint8Array): void {
    into.set(this.bytes.subarray(address, address + into.length))
  }

  write(address: number, from: Uint8Array): void {
    this.bytes.set(from, address)
  }
}

class Pc {
  readonly #memory = new Memory()
  readonly #bus = new IoPortBus()
  readonly #floppy: FloppyDevice

  constructor() {
    const dma = new I8257(I8257_PRIMARY, this.#memory)
    dma.attach(this.#bus)
    this.#floppy = new FloppyDevice(dma)
  }

  input(line: string): string {
    const [command, ...numbers] = line.split(' ')
    if (command === 'floppy') return this.#floppy.input(line)
    if (command !== 'memset' && command !== 'read') return accessPort(this.#bus, line)
    const [address = 0, size = 0, value = 0] = numbers.map(cNumber)
    const range = this.#memory.bytes.subarray(address, address + size)
    if (command === 'read') return `OK 0x${Buffer.from(range).toString('hex')}`
    range.fill(value)
    return 'OK'
  }
}

/** The controller's seven result bytes are its own affair; that they came says that the transfer has ended. */
function withoutResultBytes(input: string, reply: string): string {
  return /^floppy (?:read|write|result)/.test(input) && reply !== 'waiting' ? 'done' : reply
}

/**
 * Where ours follows the chip's datasheet rather than QEMU, for the replies that begin as the key says: what ours must
 * reply, from what QEMU replied.
 */
const INTENDED_DIFFERENCES: Readonly<Record<string, Readonly<Record<string, (reply: string) => string>>>> = {
  // The chip counts its address down, so a device's bytes come to lie in memory last one first. QEMU 7.2 stores each
  // part that the device hands over, here a sector, first byte first.
  'decrementing address, to memory': { 'read ': sectorsReversed },
  'decrementing address, two sectors to memory': { 'read ': sectorsReversed },
  'a decrementing transfer runs on below its page': { 'read ': sectorsReversed },
  // QEMU 7.2 turns the bytes round in place without a second buffer, and so overwrites half of them with the others.
  'decrementing address, from memory': { 'floppy sector': () => `${'33'.repeat(16)}${'ee'.repeat(496)}` },
  // QEMU 7.2 leaves in the device's buffer what was there, here the command. Ours gives nothing stale to a device.
  'verify towards the device gives it no memory': { 'floppy sector': () => '00'.repeat(512) },
}

function sectorsReversed(reply: string): string {
  const bytes = Buffer.from(reply.slice('OK 0x'.length), 'hex')
  for (let end = SECTOR_BYTES; end <= bytes.length; end += SECTOR_BYTES)
    bytes.subarray(end - SECTOR_BYTES, end).reverse()
  return `OK 0x${bytes.toString('hex')}`
}

const { header, lines } = readRecording<Header, FloppyScenario>('floppy')

describe(`DMA transfers move data as in ${header.program}`, () => {
  it.each(lines)('$title', ({ title, steps }) => {
    const pc = new Pc()
    const differences = Object.entries(INTENDED_DIFFERENCES[title] ?? {})
    for (const [index, { input, reply }] of steps.entries()) {
      const [, change] = differences.find(([start]) => input.startsWith(start)) ?? []
      const expected = change?.(reply) ?? withoutResultBytes(input, reply)
      expect(pc.input(input), `step ${index}: ${input}`).toBe(expected)
    }
  })
})
