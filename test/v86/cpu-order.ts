// What a guest's processor writes to the port, and what a QEMU that ran it reported: the form of the recording.

import { readFileSync } from 'node:fs'
import { GuestRom } from '../../src/testing/index.js'
import type { QemuEvent } from '../qemu/qemu-process.js'
import type { Actions } from '../recordings/actions.js'

/** The bytes that a guest writes to 0x505 one after another, and the actions that differ from QEMU's defaults. */
export interface CpuCase {
  readonly bytes: readonly number[]
  readonly actions: Partial<Actions>
}

export interface CpuOutcome extends CpuCase {
  /** After the RESUME with which the guest began. */
  readonly events: readonly QemuEvent[]
  /** Absent if the program ended. */
  readonly runState?: string
  readonly exitCode?: number
}

/** One QEMU with one accelerator. */
export interface CpuRun {
  readonly program: string
  readonly accelerator: 'tcg' | 'kvm'
  readonly outcomes: readonly CpuOutcome[]
}

export const CPU_CASES: readonly CpuCase[] = [
  { bytes: [1], actions: {} },
  { bytes: [1], actions: { panic: 'pause' } },
  { bytes: [1], actions: { panic: 'exit-failure' } },
  { bytes: [1], actions: { panic: 'exit-failure', shutdown: 'pause' } },
  { bytes: [1], actions: { panic: 'none' } },
  { bytes: [1, 1], actions: { panic: 'pause' } },
  { bytes: [2], actions: {} },
  { bytes: [4], actions: {} },
  { bytes: [4], actions: { shutdown: 'pause' } },
  { bytes: [4, 1], actions: { panic: 'pause', shutdown: 'pause' } },
  { bytes: [1, 4], actions: { panic: 'pause', shutdown: 'pause' } },
  { bytes: [4, 1], actions: { panic: 'none', shutdown: 'pause' } },
]

export const cpuOrderUrl = new URL('cpu-order.json', import.meta.url)

export function readCpuOrder(): readonly CpuRun[] {
  return JSON.parse(readFileSync(cpuOrderUrl, 'utf8')) as readonly CpuRun[]
}

/** A guest that writes the bytes and halts. */
export function guestThatWrites(bytes: readonly number[]): GuestRom {
  return bytes.reduce((rom, byte) => rom.outb(0x505, byte), new GuestRom()).halt()
}

/** "1, 4 with panic=pause" */
export function titleOf({ bytes, actions }: CpuCase): string {
  const words = Object.entries(actions).map(([name, value]) => `${name}=${value}`)
  return words.length === 0 ? bytes.join(', ') : `${bytes.join(', ')} with ${words.join(', ')}`
}
