// A run whose kernel panics without a report ends at once, and its reports say why.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { GuestRom } from '../../src/testing/rom/guest-rom.js'
import { run } from './run-program.js'

const folder = mkdtempSync(join(tmpdir(), 'isa-pvpanic-silence-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const bios = join(folder, 'silent.rom')
const rom = new GuestRom()
  .print('Oops: 0002 [#1]\nCall Trace:\n dies+0x12/0x30\n')
  .print('Kernel panic - not syncing: Fatal exception\n---[ end Kernel panic - not syncing ]---\n')
  .assembly((assembler) => assembler.sti().label('idle').hlt().jmp('idle'))
writeFileSync(bios, rom.build())

it('--reboot-action shutdown ends the machine when the guest reboots', async () => {
  const reboots = join(folder, 'reboots.rom')
  writeFileSync(reboots, new GuestRom().outb(0x64, 0xfe).halt().build())
  const { exitCode, stdout } = await run([
    'run',
    '--bios',
    reboots,
    '--reboot-action',
    'shutdown',
    '--expect-exit',
    '0',
  ])
  expect(exitCode, stdout).toBe(0)
})

it('a guest that reboots for ever is told as such', async () => {
  const reboots = join(folder, 'reboots.rom')
  writeFileSync(reboots, new GuestRom().outb(0x64, 0xfe).halt().build())
  const { exitCode, stdout } = await run(['run', '--bios', reboots])
  expect([exitCode, stdout]).toEqual([1, expect.stringMatching(/the guest has reset itself \d+ times/)])
})

it.each([
  [1, ['--expect', 'panic']],
  [1, []],
  [0, ['--expect', 'none']],
] as const)('exit code %i with %j, long before the time limit', async (exitCode, expectation) => {
  const report = join(folder, 'report.xml')
  const { exitCode: got, stdout } = await run(['run', '--bios', bios, ...expectation, '--report', `junit=${report}`])
  expect(got, stdout).toBe(exitCode)
  expect(stdout).toContain('and did not tell the device; the port was never read: this firmware has no ACPI node')
  if (exitCode === 1) expect(readFileSync(report, 'utf8')).toMatch(/<failure [\s\S]*Oops: 0002[\s\S]*dies\+0x12\/0x30/)
})
