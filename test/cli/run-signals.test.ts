// A run that is interrupted ends its guest in order, and still tells what it saw.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { GuestRom } from '../../src/testing/rom/guest-rom.js'
import { interruptRun } from './interrupted-run.js'

const folder = mkdtempSync(join(tmpdir(), 'isa-pvpanic-interrupted-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const image = (name: string, rom: GuestRom) => {
  const path = join(folder, name)
  writeFileSync(path, rom.build())
  return path
}
const endless = image(
  'endless.rom',
  new GuestRom().forever((guest) => guest.wait(0xffff)),
)
const panics = image('panics.rom', new GuestRom().outb(0x505, 1).halt())

it.each([
  ['SIGINT', 130, 'a guest that runs', endless],
  ['SIGTERM', 143, 'a guest that runs', endless],
  ['SIGHUP', 129, 'a guest that runs', endless],
  ['SIGINT', 130, 'a panicked guest that waits for a QMP client', panics],
] as const)('%s: exit code %i, reports, and no socket left of %s', async (signal, exit, _, bios) => {
  const run = await interruptRun(['--bios', bios], signal)
  const text = `interrupted by ${signal}`
  expect(run).toMatchObject({ exit, stderr: '', isSocketLeft: false })
  expect(JSON.parse(run.stdout)).toMatchObject({ verdict: text, exitCode: exit })
  expect(run.report).toContain(`message: "${text}"`)
})
