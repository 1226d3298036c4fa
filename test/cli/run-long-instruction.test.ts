// A run whose guest is within one instruction for hours: time limit, signals and QMP work all the same.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { QmpClient } from '../../src/monitor/server/qmp-client.js'
import { GuestRom } from '../../src/testing/rom/guest-rom.js'
import { interruptRun } from './interrupted-run.js'
import { run } from './run-program.js'

const folder = mkdtempSync(join(tmpdir(), 'isa-pvpanic-long-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const OUTSB = [0x67, 0xf3, 0x6e]
const INSB = [0x67, 0xf3, 0x6c]

/** A guest that does nothing but 2^32 - 1 accesses of one port, by one instruction. */
function image(name: string, port: number, instruction: readonly number[]): string {
  const path = join(folder, name)
  const rom = new GuestRom().assembly((guest) =>
    guest
      .mov('dx', port)
      .mov('ecx', -1)
      .db(...instruction),
  )
  writeFileSync(path, rom.halt().build())
  return path
}
const guests = [
  ['rep outsb at pvpanic', image('pvpanic.rom', 0x505, OUTSB), 0],
  ['rep outsb at a port of v86', image('v86.rom', 0x80, OUTSB), 124],
  ['rep outsb at an unassigned port', image('unassigned.rom', 0x1234, OUTSB), 124],
  ['rep insb at pvpanic', image('insb.rom', 0x505, INSB), 124],
] as const

describe.each(guests)('%s', (_, bios, atTimeLimit) => {
  it('the time limit ends the run', async () => {
    const { exitCode, stdout } = await run(['run', '--bios', bios, '--on-panic', 'log', '--timeout', '200ms'])
    expect(exitCode, stdout).toBe(atTimeLimit)
  })

  it('a QMP client is answered, and ends the run', async () => {
    const address = `unix:${bios}.qmp`
    // A version that knows no shutdown bit: among all bytes of the ROM that one would end the machine.
    const finished = run(['run', '--bios', bios, '--qemu', '7.2', '--on-panic', 'log', '--qmp', address])
    const client = await vi.waitFor(() => QmpClient.connect(address), { timeout: 15_000, interval: 5 })
    expect(await client.execute('query-status')).toMatchObject({ status: 'running' })
    await client.execute('quit')
    expect((await finished).exitCode).toBe(0)
  })
})

it.each([
  ['SIGTERM', 143, guests[1]],
  ['SIGINT', 130, guests[3]],
] as const)('%s ends the run: exit code %i', async (signal, exit, [, bios]) => {
  const interrupted = await interruptRun(['--bios', bios], signal)
  expect(interrupted).toMatchObject({ exit, stderr: '', isSocketLeft: false })
  expect(JSON.parse(interrupted.stdout)).toMatchObject({ verdict: `interrupted by ${signal}` })
})
