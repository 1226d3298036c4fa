// `isa-pvpanic serve` as a shell sees it, where it cannot serve. What it serves is tested in test/monitor.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { run } from './run-program.js'

const folder = mkdtempSync(join(tmpdir(), 'isa-pvpanic-serve-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const file = join(folder, 'file')
writeFileSync(file, 'not a socket')
const free = `unix:${join(folder, 'free')}`

it.each([
  ['nothing is to be served', [], 'there is nothing to serve'],
  ['a file is where the socket should be', ['--qmp', `unix:${file}`], `${file} exists and is no socket`],
  ['the second of two sockets has no folder', ['--qmp', free, '--qtest', `unix:${folder}/none/x`], 'no such folder'],
  ['a version does not exist', ['--qmp', free, '--qemu', '1.5.4'], 'qemu: unknown version "1.5.4"'],
  ['a machine type does not exist', ['--qmp', free, '--machine-type', 'pc-9'], 'has no "pc-9"'],
  ['a device reaches beyond the last port', ['--qmp', free, '--debug-exit', '0xffff'], 'debugExit: '],
])('exits with 2 if %s', async (_, args, reason) => {
  const { exitCode, stderr } = await run(['serve', ...args])
  expect(stderr).toContain(reason)
  expect(exitCode).toBe(2)
})
