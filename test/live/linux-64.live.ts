// An unmodified 64-bit Linux of Debian's reports its panic through QEMU's own device, by this package's API.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { bootGuest } from '../../src/testing/index.js'
import '../../src/vitest/index.js'
import { DebianFiles } from '../guests/debian.js'
import { INIT_SAYS, type LinuxImages, linuxImages } from '../guests/linux-guest.js'

/** Where the packages' files stay between runs. */
const CACHE = join(process.env.GUESTS_CACHE ?? join(tmpdir(), 'isa-pvpanic-guests'), 'amd64')
const KERNEL_META_PACKAGE = 'linux-image-amd64'
/** What is taken out of the packages. */
const WANTED = [
  './boot/vmlinuz-*',
  './lib/modules/*/pvpanic/pvpanic*.ko',
  './bin/busybox',
  './usr/share/seabios/bios.bin',
]
const FETCH_TIMEOUT_MS = 300_000
const timeoutMs = 180_000

let images: Omit<LinuxImages, 'bios'>

/** Unpacks Debian's amd64 kernel and busybox, fetched by the apt of this machine. */
function fetchDebian64(): DebianFiles {
  if (existsSync(CACHE)) return new DebianFiles(CACHE)
  const fresh = `${CACHE}.fetching`
  rmSync(fresh, { recursive: true, force: true })
  mkdirSync(join(fresh, 'root'), { recursive: true })
  const tool = (program: string, ...args: string[]) => execFileSync(program, args, { cwd: fresh, encoding: 'utf8' })
  const kernel = /linux-image-\d\S+-amd64/.exec(tool('apt-cache', 'depends', `${KERNEL_META_PACKAGE}:amd64`))?.[0]
  if (kernel === undefined) throw new Error(`apt knows no ${KERNEL_META_PACKAGE}; this check needs Debian on amd64`)
  tool('apt-get', '-q', 'download', `${kernel}:amd64`, 'busybox-static:amd64', 'seabios')
  // A package lacks most of these, of which tar complains.
  const unpack = 'dpkg-deb --fsys-tarfile "$1" | tar -C root -xf - --wildcards "$2" 2>/dev/null || true'
  for (const file of readdirSync(fresh).filter((name) => name.endsWith('.deb'))) {
    for (const pattern of WANTED) tool('sh', '-c', unpack, 'sh', file, pattern)
  }
  renameSync(join(fresh, 'root'), CACHE)
  rmSync(fresh, { recursive: true })
  return new DebianFiles(CACHE)
}

beforeAll(() => {
  const { bios: _bios, ...withoutFirmware } = linuxImages(fetchDebian64(), { memory: 256 << 20 })
  images = withoutFirmware
}, FETCH_TIMEOUT_MS)

it('preserve: panics, stands, and goes on by cont', async () => {
  const guest = await bootGuest({ engine: 'qemu', ...images, onPanic: 'preserve' })
  try {
    await guest.serial.waitFor(/guest: driver pvpanic-mmio/, { timeoutMs })
    await guest.nextPanic({ timeoutMs })
    expect(guest).toHavePanicked()
    expect(guest).toBeInRunState('guest-panicked')
    expect(guest.serial.text).toMatch(/guest: init of Linux \S+-amd64/)
    expect(guest.serial.text).not.toContain('end Kernel panic')
    await guest.machine.cont()
    await guest.serial.waitFor('end Kernel panic', { timeoutMs })
  } finally {
    await guest.dispose()
  }
})

it('reset: boots to its init a second time by itself', async () => {
  const guest = await bootGuest({ engine: 'qemu', ...images, onPanic: 'reset', resetLimit: 1 })
  try {
    await guest.nextPanic({ timeoutMs })
    await guest.nextPanic({ timeoutMs })
    expect(guest.serial.text.split(INIT_SAYS)).toHaveLength(3)
    expect(guest).toBeInRunState('guest-panicked')
  } finally {
    await guest.dispose()
  }
})
