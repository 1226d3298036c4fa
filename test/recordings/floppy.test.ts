import { describe, expect, it } from 'vitest'
import { IoPortBus } from '../../src/bus/io-port-bus.js'
import { type DmaMemory, I8257, I8257_PRIMARY } from '../../src/devices/i8257.js'
import { isSince, qemuRelease } from '../../src/machine/qemu-releases.js'
import { FloppyDevice } from './floppy-device.js'
import { accessPort, cNumber } from './port-access.js'
import type { FloppyScenario } from './record-floppy.js'
import { type Header, readRecording, recordedVersions, recordingNames } from './recording.js'

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

  constructor(version: string) {
    const dma = new I8257(I8257_PRIMARY, this.#memory)
    dma.attach(this.#bus)
    this.#floppy = new FloppyDevice(dma, isSince(qemuRelease(version), '10.0'))
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

const versions = recordedVersions().filter((version) => recordingNames(version, 'floppy').length > 0)

describe.each(versions)('DMA transfers move data as in QEMU %s', (version) => {
  it.each(readRecording<Header, FloppyScenario>(version, 'floppy').lines)('$title', ({ steps }) => {
    const pc = new Pc(version)
    for (const [index, { input, reply }] of steps.entries()) {
      expect(pc.input(input), `step ${index}: ${input}`).toBe(withoutResultBytes(input, reply))
    }
  })
})
