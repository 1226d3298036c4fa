// `run --save-at --snapshot` and `run --restore`.

import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { GuestRom } from '../../src/testing/rom/guest-rom.js'
import { run } from './run-program.js'

const folder = mkdtempSync(join(tmpdir(), 'isa-pvpanic-run-snapshot-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const bios = join(folder, 'guest.rom')
// The text comes a while before the panic: the guest is saved between them.
const rom = new GuestRom().print('READY\n')
for (let times = 0; times < 40; times++) rom.wait(0xffff)
writeFileSync(bios, rom.outb(0x505, 1).halt().build())
const file = join(folder, 'ready.snapshot')

it('boots once, and starts from there after that', async () => {
  const args = ['run', '--bios', bios, '--expect', 'panic', '--json']
  const first = await run([...args, '--save-at', 'READY', '--snapshot', file])
  expect(first.exitCode, first.stderr).toBe(0)
  const made = statSync(file).mtimeMs
  for (const how of [
    ['--save-at', 'READY', '--snapshot', file],
    ['--restore', file],
  ]) {
    const { exitCode, stdout } = await run([...args, ...how])
    expect(exitCode, stdout).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ serial: '', panics: { total: 1 } })
  }
  expect(statSync(file).mtimeMs).toBe(made)
})

it.each([
  ['a snapshot without its line', ['--snapshot', file], /--save-at and --snapshot go together/],
  ['a line without a file', ['--save-at', 'x'], /--save-at and --snapshot go together/],
  ['both ways', ['--restore', file, '--save-at', 'x', '--snapshot', file], /takes no --save-at/],
  ['engine qemu', ['--engine', 'qemu', '--restore', file], /need engine v86/],
  ['a file that is none', ['--restore', bios], /it is no snapshot of a guest/],
  ['a file that is not there', ['--restore', join(folder, 'absent')], /there is no such file/],
])('%s: exit code 2', async (_, args, message) => {
  const { exitCode, stderr } = await run(['run', '--bios', bios, ...args])
  expect([exitCode, stderr]).toEqual([2, expect.stringMatching(message)])
})
