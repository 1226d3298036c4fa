// Port traces with damaged bytes: accesses that a bus can do, up to an error with its place.

import { deepStrictEqual, ok } from 'node:assert'
import { IoPortBus } from '../../src/bus/io-port-bus.js'
import type { PortAccess } from '../../src/bus/port-tap.js'
import { PortTraceError, PortTraceWriter, readPortTrace, replayPortTrace } from '../../src/bus/port-trace.js'
import type { Random } from '../random.js'
import { mutateBytes } from './mutate.js'
import type { FuzzTarget, Tally } from './target.js'

const FILES = 20

function run(random: Random, tally: Tally): void {
  const accesses = Array.from({ length: random.below(40) }, () => access(random))
  const file = write(accesses)
  deepStrictEqual([...readPortTrace(file)], accesses)
  for (let left = FILES; left > 0; left--) {
    tally.inputs++
    const damaged = mutateBytes(random, file)
    const sound = readUntilDamage(damaged)
    const again = write(sound)
    deepStrictEqual(Buffer.compare(again.subarray(16), damaged.subarray(16, again.length)), 0)
    replayPortTrace(sound, new IoPortBus())
  }
}

function write(accesses: readonly PortAccess[]): Uint8Array {
  const pieces: Uint8Array[] = []
  const writer = new PortTraceWriter((bytes) => pieces.push(bytes))
  for (const one of accesses) writer.add(one)
  writer.flush()
  return Buffer.concat(pieces)
}

function readUntilDamage(file: Uint8Array): PortAccess[] {
  const accesses: PortAccess[] = []
  try {
    for (const one of readPortTrace(file)) accesses.push(one)
  } catch (error) {
    if (!(error instanceof PortTraceError)) throw error
    ok(error.offset >= 0 && error.offset <= file.length, `byte ${error.offset} of ${file.length}`)
  }
  return accesses
}

function access(random: Random): PortAccess {
  const width = random.pick([1, 2, 4] as const)
  return { port: random.below(0x10000), width, write: random.chance(0.5), value: random.below(2 ** (8 * width)) }
}

export const traceTarget: FuzzTarget = { name: 'trace', run }
