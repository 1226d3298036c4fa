// The core dump of a guest that v86 runs: it stands at the instruction after its OUT.

import type { V86 } from 'v86'
import { describe, expect, it } from 'vitest'
import { dumpCore } from '../../src/core-dump/index.js'
import { Machine } from '../../src/machine/machine.js'
import type { MachineOptions } from '../../src/machine/machine-options.js'
import { GuestRom } from '../../src/testing/rom/guest-rom.js'
import { prepare } from '../v86/guest.js'
import { fileOf } from './samples.js'
import { sha256 } from './tools-recording.js'

const MEMORY = 0x200000
const ROM_BASE = 0xf0000
const OUT_DX_AL = 0xee
const CLI = 0xfa
/** Program header: where its fields are. */
const [OFFSET, PHYSICAL, FILE_SIZE] = [4, 12, 16]
/** In the note: the registers, and of them EAX, EDX, EIP, CS, EFLAGS, ESP. */
const REGISTERS = 20 + 72
const [EDX, EAX, EIP, CS, EFLAGS, ESP] = [2, 6, 12, 13, 14, 15].map((index) => REGISTERS + 4 * index)

async function bootUntil(event: 'STOP' | 'GUEST_PANICKED', options: MachineOptions) {
  const program = new GuestRom().print('A GUEST').outb(0x505, 1).halt()
  const { emulator, machine } = await prepare(program, options, { memory_size: MEMORY })
  const happened = new Promise((resolve) => machine.on(event, resolve))
  emulator.run()
  await happened
  return { emulator, machine }
}

describe.each(['preserve', 'destroy'] as const)('a guest that panicked under %s', (onPanic) => {
  it('is dumped as it stands after its OUT, with all its memory', async () => {
    const { emulator, machine } = await bootUntil('STOP', { onPanic })
    const file = Buffer.from(fileOf(await dumpCore(machine, emulator)))
    const headers = Array.from({ length: file.readUInt16LE(44) }, (_, index) => file.subarray(52 + 32 * index))
    const [note = file, low = file, high = file] = headers
    expect(headers.map((header) => [header.readUInt32LE(PHYSICAL), header.readUInt32LE(FILE_SIZE)])).toEqual([
      [0, 164],
      [0, 0xa0000],
      [0xc0000, MEMORY - 0xc0000],
    ])
    expect(low.readUInt32LE(OFFSET) % 4096).toBe(0)

    const register = (offset = 0) => file.readUInt32LE(note.readUInt32LE(OFFSET) + offset)
    const rom = file.subarray(high.readUInt32LE(OFFSET) + ROM_BASE - 0xc0000)
    expect([rom[register(EIP) - 1], rom[register(EIP)]]).toEqual([OUT_DX_AL, CLI])
    expect({ al: register(EAX) & 0xff, dx: register(EDX), cs: register(CS), sp: register(ESP) }).toEqual({
      ...{ al: 1, dx: 0x505 },
      ...{ cs: 0xf000, sp: 0x7c00 },
    })
    expect(register(EFLAGS) & 0x202).toBe(2)
    expect(rom.subarray(0, 0x10000).includes('A GUEST')).toBe(true)
  })
})

describe('asked for virtual addresses', () => {
  it('gives physical ones while the guest has paging off', async () => {
    const { emulator, machine } = await bootUntil('STOP', {})
    const virtual = await dumpCore(machine, emulator, { addresses: 'virtual' })
    expect(sha256(fileOf(virtual))).toBe(sha256(fileOf(await dumpCore(machine, emulator))))
  })
})

it('refuses a guest that goes on', async () => {
  const { emulator, machine } = await bootUntil('GUEST_PANICKED', { onPanic: 'log' })
  await expect(dumpCore(machine, emulator)).rejects.toThrow('it is running; stop() it')
})

it('refuses what is no emulator', async () => {
  await expect(dumpCore(new Machine({ startPaused: true }), {} as V86)).rejects.toThrow('expected a v86 emulator')
})

it('lists as much of a hostile guest as a core file can, in bounded time', async () => {
  // One page directory whose entries all lead to one page table, whose entries lead to two pages in turn.
  const [DIRECTORY, TABLE, ENTRIES, PRESENT] = [0x10000, 0x11000, 1024, 1]
  const mem8 = new Uint8Array(0x20000)
  const words = new DataView(mem8.buffer)
  for (let index = 0; index < ENTRIES; index++) {
    words.setUint32(DIRECTORY + 4 * index, TABLE | PRESENT, true)
    words.setUint32(TABLE + 4 * index, (index % 2) * 0x2000 + 0x1000 + PRESENT, true)
  }
  const cpu = {
    ...{ io: {}, mem8, cr: Int32Array.of(-1, 0, 0, DIRECTORY, 0), get_eflags: () => 2 },
    ...{ reg32: new Int32Array(8), sreg: new Uint16Array(8) },
    ...{ segment_offsets: new Int32Array(8), instruction_pointer: new Int32Array(1) },
  }
  const emulator = { v86: { cpu }, is_running: () => false } as unknown as V86
  const core = await dumpCore(new Machine({ startPaused: true }), emulator, { addresses: 'virtual' })
  const [head = new Uint8Array()] = core.pieces()
  expect(Buffer.from(head).readUInt16LE(44)).toBe(0xfffe)
})
