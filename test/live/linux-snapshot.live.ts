// Ten tests of how an unmodified Linux of Debian's (i386, in v86) panics, each from the same snapshot of a booted guest.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { linuxCommandLine, linuxInitrd, SHELL_READY } from '../../src/testing/index.js'
import { expect, snapshotTest } from '../../src/vitest/index.js'
import { fetchDebian } from '../guests/debian.js'

const debian = fetchDebian()
const module = (name: string) => ({ name, file: debian.read(new RegExp(`/${name}\\.ko$`)) })
const folder = mkdtempSync(join(tmpdir(), 'isa-pvpanic-linux-'))
afterAll(() => rmSync(folder, { recursive: true }))
const PANIC = 'echo c > /proc/sysrq-trigger\n'
const timeoutMs = 60_000

/** SNAPSHOT names a file that outlives the run: the second run is then a warm one. */
const { SNAPSHOT: file } = process.env
const linux = {
  bios: debian.read(/seabios\/bios\.bin$/),
  kernel: debian.read(/boot\/vmlinuz-/),
  initrd: linuxInitrd({ busybox: debian.read(/bin\/busybox$/), modules: [module('pvpanic'), module('pvpanic-mmio')] }),
  append: linuxCommandLine(),
  memory: 128 << 20,
  timeoutMs,
  snapshot: { at: SHELL_READY, ...(file && { file }) },
}
const test = snapshotTest(linux)

test('a crash by sysrq is reported, and the guest stands', async ({ guest }) => {
  guest.send(PANIC)
  expect(await guest.nextPanic()).toMatchObject({ event: 'panicked', value: 1 })
  expect(guest).toBeInRunState('guest-panicked')
  expect(guest.serial.text).toContain('sysrq: Trigger a crash')
})

test('a command gives its output and its exit code', async ({ guest }) => {
  expect(await guest.run('uname -s; cat /sys/bus/acpi/devices/QEMU0001:00/path')).toEqual({
    exitCode: 0,
    output: 'Linux\n\\_SB_.PCI0.ISA_.PEVT\n',
  })
  expect(await guest.run('(exit 7)')).toEqual({ exitCode: 7, output: '' })
})

test('what the device offers is what the driver can do', async ({ guest }) => {
  const { output } = await guest.run('cat /sys/bus/platform/devices/QEMU0001:00/capability')
  expect(output).toBe('3\n')
})

test('the end of init is a panic', async ({ guest }) => {
  guest.send('exit 3\n')
  await guest.nextPanic()
  expect(guest.serial.text).toContain('Attempted to kill init! exitcode=0x00000300')
})

test('a command that panics never ends', async ({ guest }) => {
  await expect(guest.run(PANIC)).rejects.toMatchObject({ reason: 'stopped' })
  expect(guest).toHavePanicked()
})

test('after cont the kernel comes to its last line', async ({ guest }) => {
  guest.send(PANIC)
  await guest.nextPanic()
  expect(guest.serial.text).not.toContain('end Kernel panic')
  guest.machine.cont()
  await guest.serial.waitFor('end Kernel panic')
})

test('a driver that is unbound tells nothing, and the wait says so', async ({ guest }) => {
  await guest.run('echo QEMU0001:00 > /sys/bus/platform/drivers/pvpanic-mmio/unbind')
  guest.send(PANIC)
  await expect(guest.nextPanic()).rejects.toMatchObject({ reason: 'unreported' })
  expect(guest.likelyReasons.join()).toContain('not loaded')
})

test('a driver that is told to report no panics tells nothing', async ({ guest }) => {
  await guest.run('echo 0 > /sys/bus/platform/devices/QEMU0001:00/events')
  guest.send(PANIC)
  await expect(guest.nextPanic()).rejects.toMatchObject({ reason: 'unreported' })
})

test('the core dump of a panicked guest holds its memory', async ({ guest }) => {
  guest.send(PANIC)
  await guest.nextPanic()
  const path = join(folder, 'core')
  await guest.dumpCore(path)
  expect(readFileSync(path).subarray(0, 4).toString('latin1')).toBe('\x7fELF')
})

test('power off ends the machine', async ({ guest }) => {
  guest.send('poweroff -f\n')
  expect(await guest.ended()).toEqual({ reason: 'ended', exitCode: 0 })
  expect(guest).not.toHavePanicked()
})
