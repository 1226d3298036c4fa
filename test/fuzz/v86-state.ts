// Saved guests of v86 with any byte changed, cut out or put in: all refused, and the emulator is as it was.

import { deepStrictEqual, ok } from 'node:assert'
import { createHash } from 'node:crypto'
import type { V86 } from 'v86'
import type { Machine } from '../../src/machine/machine.js'
import { GuestRom } from '../../src/testing/index.js'
import {
  attach,
  createEmulator,
  destroyEmulator,
  restoreGuest,
  SavedStateError,
  saveGuest,
} from '../../src/v86/index.js'
import { coreOf } from '../../src/v86/v86-internals.js'
import type { Random } from '../random.js'
import { mutateBytes } from './mutate.js'
import type { FuzzTarget, Tally } from './target.js'

const FILES = 8
/** Bytes of header and description, about. */
const HEAD = 1500

interface Standing {
  readonly emulator: V86
  readonly machine: Machine
  readonly bytes: Uint8Array
  /** What must not change. */
  readonly look: string
}

let standing: Promise<Standing> | undefined

/** A guest that has panicked and stands; nothing that is refused may move it. */
async function prepare(): Promise<Standing> {
  const emulator = await createEmulator({ bios: new GuestRom().print('a').outb(0x505, 1).halt().build() })
  const machine = attach(emulator)
  const stopped = new Promise((resolve) => machine.on('STOP', resolve))
  emulator.run()
  await stopped
  while (emulator.is_running()) await new Promise(setImmediate)
  return { emulator, machine, bytes: await saveGuest(emulator, machine), look: lookAt(emulator, machine) }
}

/** Memory, registers and the machine; v86's clocks go on by themselves. */
function lookAt(emulator: V86, machine: Machine): string {
  const { mem8, reg32, instruction_pointer, cr, flags } = coreOf(emulator).cpu
  const registers = [reg32, instruction_pointer, cr, flags].map((values) => values.join())
  return JSON.stringify([createHash('sha1').update(mem8.slice()).digest('hex'), registers, machine.save()])
}

async function run(random: Random, tally: Tally): Promise<void> {
  standing ??= prepare()
  const { emulator, machine, bytes, look } = await standing
  for (let left = FILES; left > 0; left--) {
    const damaged = random.chance(0.5) ? mutateBytes(random, bytes) : mutateNear(random, bytes)
    tally.inputs++
    if (Buffer.compare(damaged, bytes) === 0) continue
    const error = await restoreGuest(emulator, machine, damaged).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    const isAnswer = error instanceof SavedStateError || error instanceof TypeError || error instanceof RangeError
    ok(isAnswer, `a damaged file is ${error === undefined ? 'taken' : `refused by ${String(error)}`}`)
  }
  deepStrictEqual(lookAt(emulator, machine), look)
}

/** Damage to the header and to the description, where most of what is looked at stands. */
function mutateNear(random: Random, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([mutateBytes(random, bytes.subarray(0, HEAD)), bytes.subarray(HEAD)])
}

async function dispose(): Promise<void> {
  const { emulator } = (await standing) ?? {}
  standing = undefined
  if (emulator !== undefined) await destroyEmulator(emulator)
}

export const v86StateTarget: FuzzTarget = { name: 'v86-state', run, dispose }
