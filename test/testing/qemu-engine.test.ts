// Starting QEMU, with a program in its place that does what QEMU was seen to do.

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { bootGuest } from '../../src/testing/index.js'

const folder = mkdtempSync(join(tmpdir(), 'isa-pvpanic-fake-qemu-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A program that runs `script` with the path of the monitor's socket, and tells its version when asked. */
function program(name: string, script: string): string {
  const path = join(folder, name)
  const lines = [
    `#!${process.execPath}`,
    "if (process.argv.includes('--version')) process.exit(0)",
    "const socket = process.argv[process.argv.indexOf('-qmp') + 1].slice('unix:'.length)",
    script,
  ]
  writeFileSync(path, lines.join('\n'))
  chmodSync(path, 0o755)
  return path
}

const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length

it.each([
  ['before it calls', 'give up()'],
  ['after it has called', "require('node:net').connect(socket, () => give up())"],
])('a QEMU that gives up %s is quoted, and nothing of it keeps this process alive', async (_, script) => {
  const giveUp = "(process.stderr.write('failed to initialize kvm: Permission denied\\n'), process.exit(1))"
  const qemuProgram = program('gives-up', script.replace('give up()', giveUp))
  const before = timers()
  await expect(bootGuest({ engine: 'qemu', accelerator: 'kvm', qemuProgram })).rejects.toMatchObject({
    name: 'QemuError',
    message: `${qemuProgram} did not start: failed to initialize kvm: Permission denied`,
  })
  expect(timers()).toBeLessThanOrEqual(before)
})
