// The sizes of bytecode by which V8 decides what it inlines: the bus is fast only while these hold, on every Node.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'rolldown'
import { afterAll, beforeAll, expect, it } from 'vitest'

/** TurboFan's limit for a function that it inlines (`--max-inlined-bytecode-size`). */
const INLINED = 460
/** A release of V8 may change the size by a few bytes: 461 on Node 26 where 457 was measured on 20 to 24. */
const MARGIN = 0.2

const USE = `
import { I8257, IoPortBus } from '${fileURLToPath(new URL('../../src/index.ts', import.meta.url))}'
const bus = new IoPortBus()
new I8257().attach(bus)
bus.outb(1, bus.inb(0))
bus.map(0x1000, 0x1000, { name: 'large', read8: () => 0, write8() {} })
bus.outb(0x1000, bus.inb(0x1000))
`

let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'isa-pvpanic-'))
  writeFileSync(join(folder, 'use.ts'), USE)
  await build({ input: join(folder, 'use.ts'), output: { file: join(folder, 'use.mjs') }, logLevel: 'silent' })
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Bytes of bytecode of the function with this name, the largest one if several have it; 0 if none has. */
function sizeOf(name: string): number {
  const flags = ['--print-bytecode', `--print-bytecode-filter=${name}`]
  const printed = execFileSync(process.execPath, [...flags, join(folder, 'use.mjs')], { encoding: 'utf8' })
  const lengths = [...printed.matchAll(/bytecode for function: .*\n.*?length: (\d+)/g)].map(([, length]) =>
    Number(length),
  )
  return Math.max(0, ...lengths)
}

it.each(['readSlot', 'writeSlot', 'readShared', 'writeShared'])('%s is far from too large to be inlined', (name) => {
  expect(sizeOf(name)).toBeGreaterThan(100)
  expect(sizeOf(name)).toBeLessThan(INLINED * (1 - MARGIN))
})

it.each(['inb', 'outb'])('%s leaves room for what it calls in the 920 bytes that are inlined in all', (name) => {
  expect(sizeOf(name)).toBeGreaterThan(50)
  expect(sizeOf(name)).toBeLessThan(150)
})

it('write8 of the DMA controller is too large to be inlined, so that two of them leave room for the rest', () => {
  expect(sizeOf('write8')).toBeGreaterThan(INLINED * 1.05)
})
