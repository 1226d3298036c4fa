// A guest in v86 saved to one file and brought back.

import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { GuestRom } from '../../src/testing/index.js'
import { restoreGuest, saveGuest } from '../../src/v86/index.js'
import { atRest, boot, type Guest, prepare } from './guest.js'

const panics = () => new GuestRom().print('a').outb(0x505, 1).print('b').outb(0x505, 1).print('c').halt()
const saved = async (guest: Guest) => saveGuest(guest.emulator, guest.machine)

describe('a saved guest', () => {
  it('stands in another emulator where it stood, panicked, and goes on by cont', async () => {
    const bytes = await saved(await boot(panics()))
    const other = await prepare(panics())
    await restoreGuest(other.emulator, other.machine, bytes)
    expect([other.machine.runState, other.machine.panics.total, other.serial()]).toEqual(['guest-panicked', 1, ''])
    other.machine.cont()
    await atRest(other)
    expect([other.machine.panics.total, other.serial()]).toEqual([2, 'b'])
  })

  it('comes back in the emulator that has gone on, as often as wanted', async () => {
    const guest = await boot(panics())
    const bytes = await saved(guest)
    for (let round = 1; round <= 3; round++) {
      guest.machine.cont()
      await atRest(guest)
      expect(guest.machine.panics.total).toBe(2)
      await restoreGuest(guest.emulator, guest.machine, bytes)
      expect(guest.machine.panics.total).toBe(1)
    }
    expect(guest.serial()).toBe('abbb')
  })

  it('that was running runs once the emulator does', async () => {
    const first = await prepare(panics())
    const bytes = await saved(first)
    const other = await prepare(panics(), { onPanic: 'log' })
    await restoreGuest(other.emulator, other.machine, bytes)
    other.emulator.run()
    await atRest(other)
    expect(other.serial()).toBe('abc')
  })
})

describe('the bytes of a saved guest may be', () => {
  const within = (bytes: Uint8Array, pool: ArrayBuffer | SharedArrayBuffer) => {
    const view = new Uint8Array(pool, 3, bytes.length)
    view.set(bytes)
    return view
  }

  it.each<[string, (bytes: Uint8Array) => Uint8Array]>([
    ['a Buffer', (bytes) => Buffer.from(bytes)],
    ['a part of a Buffer at an odd offset', (bytes) => Buffer.concat([Buffer.alloc(7), bytes]).subarray(7)],
    ['a part of an ArrayBuffer', (bytes) => within(bytes, new ArrayBuffer(bytes.length + 10))],
    ['a part of a SharedArrayBuffer', (bytes) => within(bytes, new SharedArrayBuffer(bytes.length + 10))],
  ])('%s', async (_, viewOf) => {
    const bytes = viewOf(await saved(await boot(panics())))
    const other = await prepare(panics())
    await restoreGuest(other.emulator, other.machine, bytes)
    other.machine.cont()
    await atRest(other)
    expect([other.machine.panics.total, other.serial()]).toEqual([2, 'b'])
  })
})

describe('refused, with nothing changed, is', () => {
  const DIGEST_AT = 24
  const DIGEST_SIZE = 32
  const changed = (change: (bytes: Uint8Array) => unknown) => (bytes: Uint8Array) => {
    const copy = bytes.slice()
    const result = change(copy)
    return result instanceof Uint8Array ? result : copy
  }
  const text = (bytes: Uint8Array) => Buffer.from(bytes.buffer).toString('latin1')
  /** As somebody would who also makes the checksum anew. */
  const forged = (change: (bytes: Uint8Array) => unknown) =>
    changed((bytes) => {
      change(bytes)
      bytes.set(
        createHash('sha256')
          .update(bytes.subarray(DIGEST_AT + DIGEST_SIZE))
          .digest(),
        DIGEST_AT,
      )
    })
  const replace = (from: string, to: string) => forged((bytes) => bytes.set(Buffer.from(to), text(bytes).indexOf(from)))

  it.each<[string, (bytes: Uint8Array) => Uint8Array, RegExp]>([
    ['an empty file', () => new Uint8Array(), /not a saved guest/],
    ['a file of another kind', changed((bytes) => bytes.fill(0, 0, 4)), /not a saved guest/],
    ['another version', changed((bytes) => bytes.fill(3, 16, 17)), /is of version 3, this program reads version 2/],
    ['a file cut off early', changed((bytes) => bytes.slice(0, 100)), /damaged, or cut off: its 100 bytes/],
    ['a file cut off late', changed((bytes) => bytes.slice(0, -1)), /damaged, or cut off/],
    ['another length of the description', changed((bytes) => bytes.fill(1, 20, 21)), /description is not JSON/],
    ['a description that is none', forged((bytes) => bytes.fill(0xff, 56, 58)), /description is not JSON/],
    [
      'a machine state that is none',
      replace('"guest-panicked"', '"guest-exploded"'),
      /state\.runState: expected one of/,
    ],
    [
      'a state of another v86',
      replace('\x76\x86\x76\x86', '\x00'),
      /v86 does not take the saved state, and may have loaded half of it: Invalid header/,
    ],
  ])('%s', async (_, damage, message) => {
    const guest = await boot(panics())
    const bytes = damage(await saved(guest))
    guest.machine.cont()
    await atRest(guest)
    await expect(restoreGuest(guest.emulator, guest.machine, bytes)).rejects.toThrow(message)
    expect(guest.machine.panics.total).toBe(2)
    guest.machine.cont()
    await atRest(guest)
    expect(guest.serial()).toBe('abc')
  })

  it('every damaged byte, wherever it is', async () => {
    const guest = await boot(panics())
    const bytes = await saved(guest)
    const memory = () => Buffer.from(guest.cpu.read_blob(0, 1 << 20))
    const before = memory()
    for (let at = 24; at < bytes.length; at += Math.floor(bytes.length / 40)) {
      const damaged = changed((copy) => copy.fill((copy[at] ?? 0) ^ 0x10, at, at + 1))(bytes)
      await expect(restoreGuest(guest.emulator, guest.machine, damaged)).rejects.toThrow(/damaged, or cut off/)
    }
    expect(memory().equals(before)).toBe(true)
  })

  it.each([
    [
      'a guest with another memory size',
      { memory_size: 2 << 20 },
      /1048576 bytes of memory, this emulator has 2097152/,
    ],
    ['a guest without ACPI', { acpi: true }, /acpi: false, this emulator has acpi: true/],
  ] as const)('%s', async (_, v86, message) => {
    const bytes = await saved(await boot(panics()))
    const other = await prepare(panics(), {}, v86)
    await expect(restoreGuest(other.emulator, other.machine, bytes)).rejects.toThrow(message)
  })
})
