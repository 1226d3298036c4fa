// `isa-pvpanic run` with an installed QEMU as its engine.

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { GuestRom, testKernel } from '../../src/testing/index.js'
import { interruptRun } from '../cli/interrupted-run.js'
import { findPanicked, letGoOn } from '../cli/panicked-guest.js'
import { run } from '../cli/run-program.js'

const folder = mkdtempSync(join(tmpdir(), 'isa-pvpanic-run-qemu-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const kernel = join(folder, 'kernel.bin')
writeFileSync(kernel, testKernel({ debugExit: 0xf4 }))
const tcg = ['--engine', 'qemu', '--accelerator', 'tcg']
const ending = ['--debug-exit', '0xf4', '--expect', 'panic']
const guest = [...tcg, '--multiboot', kernel, ...ending]

it('--qmp lets a client of QEMU itself decide what becomes of the panicked guest', async () => {
  const address = `unix:${join(folder, 'a,b')}`
  // It goes on for some time after its panic: a QEMU that ends at once may take its answer to `cont` with it.
  const rom = new GuestRom().outb(0x505, 1)
  for (let i = 0; i < 200; i++) rom.wait(0xffff)
  const lasting = join(folder, 'lasting.rom')
  writeFileSync(lasting, rom.outb(0xf4, 0x10).build())
  const finished = run(['run', ...tcg, '--bios', lasting, ...ending, '--qmp', address])
  const client = await findPanicked(address, { connect: 20_000, panic: 20_000 })
  expect(await client.execute('query-version')).toMatchObject({ qemu: { major: expect.any(Number) } })
  await letGoOn(client, finished)
})

it('gives QEMU more memory than v86 can have', async () => {
  const { exitCode, stdout } = await run(['run', ...guest, '--memory', '3G'])
  expect(exitCode, stdout).toBe(0)
})

it('tells what the guest printed before the panic that came after it, every time', async () => {
  for (let times = 0; times < 8; times++) {
    const { stdout } = await run(['run', ...guest])
    const kinds = stdout.split('\n').map((line) => line.trim().split(/ +/)[1])
    expect(kinds.shift(), stdout).toBe('host') // which engine it is
    expect(kinds.slice(0, 4), stdout).toEqual(['serial', 'serial', 'event', 'event'])
  }
})

const endless = join(folder, 'endless.rom')
writeFileSync(endless, new GuestRom().forever((rom) => rom.wait(1)).build())
it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s ends QEMU and leaves no socket: exit code %i, and reports', async (signal, exit) => {
  const interrupted = await interruptRun([...tcg, '--bios', endless], signal)
  expect(interrupted).toMatchObject({ exit, stderr: '', isSocketLeft: false })
  expect(JSON.parse(interrupted.stdout)).toMatchObject({ verdict: `interrupted by ${signal}` })
  expect(interrupted.report).toContain(`message: "interrupted by ${signal}"`)
})

it("takes QEMU's socket away when time runs out", async () => {
  const path = join(folder, 'left')
  const { exitCode } = await run(['run', ...tcg, '--bios', endless, '--timeout', '1s', '--qmp', `unix:${path}`])
  expect(exitCode).toBe(124)
  expect(existsSync(path)).toBe(false)
})

it('goes on under reset until the limit is reached', async () => {
  const { exitCode, stdout } = await run(['run', ...tcg, '--on-panic', 'reset', '--reset-limit', '2', '--json'])
  expect(exitCode, stdout).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ runState: 'guest-panicked', panics: { total: 3 } })
})
