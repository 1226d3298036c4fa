// Boots a guest in v86 with the machine around it, and collects what both say.

import type { V86, V86Options } from 'v86'
import { afterEach } from 'vitest'
import type { Machine } from '../../src/machine/machine.js'
import type { GuestRom } from '../../src/testing/index.js'
import { type AttachOptions, attach, createEmulator, destroyEmulator } from '../../src/v86/index.js'
import { coreOf, type V86Cpu } from '../../src/v86/v86-internals.js'

export const COM1 = 0x3f8

export interface Guest {
  readonly emulator: V86
  readonly machine: Machine
  readonly cpu: V86Cpu
  /** What the guest printed on COM1 so far. */
  serial(): string
  /** The machine's events so far, by name. */
  events(): string[]
  errors: unknown[]
  halts(): number
}

const running: V86[] = []

afterEach(async () => {
  await Promise.all(running.splice(0).map(destroyEmulator))
})

/** A guest that has not begun yet. */
export async function prepare(
  program: GuestRom,
  options: AttachOptions = {},
  v86: Partial<V86Options> = {},
): Promise<Guest> {
  const emulator = await createEmulator({ bios: program.build(), v86 })
  running.push(emulator)
  const serial = listenToSerial(emulator)
  let halts = 0
  const events: string[] = []
  const errors: unknown[] = []
  const machine = attach(emulator, { onError: (error) => errors.push(error), onHalt: () => halts++, ...options })
  machine.on('*', ({ event }) => events.push(event))
  return {
    emulator,
    machine,
    cpu: coreOf(emulator).cpu,
    serial,
    events: () => events,
    errors,
    halts: () => halts,
  }
}

/** A guest that runs until it has halted for good, or the machine has stopped or ended. */
export async function boot(
  program: GuestRom,
  options: AttachOptions = {},
  v86: Partial<V86Options> = {},
): Promise<Guest> {
  const guest = await prepare(program, options, v86)
  guest.emulator.run()
  await atRest(guest)
  return guest
}

/** @returns what gives all that the guest has printed on COM1 since. */
export function listenToSerial(emulator: V86): () => string {
  let text = ''
  emulator.add_listener('serial0-output-byte', (byte) => {
    text += String.fromCharCode(byte)
  })
  return () => text
}

/** Waits until the guest does nothing more by itself. */
export function atRest({ emulator, machine, cpu }: Guest): Promise<void> {
  const halted = () => cpu.in_hlt[0] === 1 && ((cpu.flags[0] ?? 0) & 0x200) === 0
  return until(() => (machine.runState === 'running' ? halted() : !emulator.is_running()))
}

export async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 10_000
  while (!condition()) {
    if (performance.now() > end) throw new Error(`still not so after 10 s: ${condition}`)
    await pause(1)
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
