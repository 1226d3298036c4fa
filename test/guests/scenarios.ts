// What is shown with a real Linux: what its driver finds, and what becomes of its panic under every mode.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { acpiFiles, pvpanicSsdt } from '../../src/firmware/index.js'
import { type BootOptions, bootGuest, type EngineName, type Guest } from '../../src/testing/index.js'
import type { DebianFiles } from './debian.js'
import { showLinuxCores } from './linux-core.js'
import { showDomain } from './linux-domain.js'
import { INIT_SAYS, type LinuxOptions, linuxImages } from './linux-guest.js'

/** A panicking kernel's last line. */
const END_OF_PANIC = /end Kernel panic/
/** On a machine with other work to do a boot takes a minute. */
const BOOT = { timeoutMs: 240_000 }
const SOON = { timeoutMs: 60_000 }
const MEBIBYTE = 1 << 20
const PORT = 0x505
/** The ISA bridge is called ISA in SeaBIOS's tables, and by its slot in QEMU's. */
const ACPI_NODE = /guest: acpi \\_SB_\.PCI0\.(ISA_|S08_)\.PEVT status 15/
/** The events that Linux 6.1 knows. */
const KNOWN_TO_LINUX = 3

export interface Scenario {
  /** What it shows, as a sentence. */
  readonly shows: string
  /** Where it can be shown; in both engines unless given. */
  readonly engine?: EngineName
  /** Boots a guest and follows it; throws if anything is not as it must be. May give a line for a person to read. */
  run(debian: DebianFiles, engine: EngineName): Promise<string | undefined>
}

interface Story {
  readonly shows: string
  readonly engine?: EngineName
  readonly linux?: LinuxOptions
  readonly boot?: (debian: DebianFiles) => BootOptions
  follow(guest: Guest): Promise<void>
}

/** A guest from its first instruction on, with its last words should it not do as expected. */
function story({ shows, engine: only, linux, boot, follow }: Story): Scenario {
  return {
    shows,
    ...(only && { engine: only }),
    async run(debian, engine) {
      const guest = await bootGuest({ engine, ...linuxImages(debian, linux), ...boot?.(debian) })
      try {
        await follow(guest)
      } catch (cause) {
        const lastWords = guest.serial.lastLines(20).join('\n  ')
        throw new Error(`${cause instanceof Error ? cause.message : cause}\n  ${lastWords}`, { cause })
      } finally {
        await guest.dispose()
      }
      return undefined
    },
  }
}

/** Waits for the report, and holds against it what the guest printed of its device before. */
async function panicked(guest: Guest, { port = PORT, events = KNOWN_TO_LINUX } = {}): Promise<void> {
  const { event, value } = await guest.nextPanic(BOOT)
  assert.deepEqual({ event, value }, { event: 'panicked', value: 1 })
  const said = (text: string) => assert.ok(guest.serial.text.includes(text), `the guest says "${text}"`)
  const capability = events.toString(16)
  const hexPort = port.toString(16).padStart(4, '0')
  assert.match(guest.serial.text, ACPI_NODE)
  said('guest: driver pvpanic-mmio')
  said(`guest: capability ${capability} events ${capability}`)
  said(`guest: ports ${hexPort}-${hexPort} : QEMU0001:00`)
}

/** QEMU without a pvpanic device of its own: the port answers 0xff, the node is there. */
async function showSsdt(debian: DebianFiles): Promise<undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'ssdt-'))
  try {
    const table = join(folder, 'ssdt.aml')
    writeFileSync(table, pvpanicSsdt(0x5000, { scope: '\\_SB.PCI0.S08' }))
    const images = linuxImages(debian, { plot: 'idle', append: 'loglevel=5' })
    const options = { engine: 'qemu', iobase: null, qemuArguments: ['-acpitable', `file=${table}`] } as const
    const guest = await bootGuest({ ...images, ...options })
    try {
      await guest.serial.waitFor(/guest: waiting/, BOOT)
      assert.match(guest.serial.text, ACPI_NODE)
      assert.match(guest.serial.text, /guest: driver pvpanic-mmio/)
      assert.match(guest.serial.text, /guest: ports 5000-5000 : QEMU0001:00/)
      assert.doesNotMatch(guest.serial.text, /ACPI.*(error|warning)/i)
    } finally {
      await guest.dispose()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  log: story({
    shows: 'log: the panic is noted, and the guest goes on to its last line',
    boot: () => ({ onPanic: 'log' }),
    async follow(guest) {
      await panicked(guest)
      await guest.serial.waitFor(END_OF_PANIC, SOON)
      assert.equal(guest.machine.runState, 'running')
    },
  }),
  preserve: story({
    shows: 'preserve: the guest stands still until cont, then goes on to its last line',
    boot: () => ({ onPanic: 'preserve' }),
    async follow(guest) {
      await panicked(guest)
      const { length } = guest.serial.text
      await sleep(1_000)
      assert.equal(guest.serial.text.length, length, 'nothing is printed while the guest stands')
      assert.equal(guest.machine.runState, 'guest-panicked')
      assert.doesNotMatch(guest.serial.text, END_OF_PANIC)
      await guest.machine.cont()
      await guest.serial.waitFor(END_OF_PANIC, SOON)
    },
  }),
  destroy: story({
    shows: 'destroy: the machine ends with exit code 0',
    boot: () => ({ onPanic: 'destroy' }),
    async follow(guest) {
      await panicked(guest)
      assert.deepEqual([guest.machine.runState, guest.exitCode], ['shutdown', 0])
      assert.doesNotMatch(guest.serial.text, END_OF_PANIC)
    },
  }),
  reset: story({
    shows: 'reset: the guest boots again by itself, and panics again',
    boot: () => ({ onPanic: 'reset', resetLimit: 1 }),
    async follow(guest) {
      await panicked(guest)
      assert.equal(guest.machine.runState, 'running')
      await panicked(guest)
      assert.equal(guest.serial.text.split(INIT_SAYS).length - 1, 2, 'init ran twice')
      assert.equal(guest.machine.runState, 'guest-panicked')
    },
  }),
  iobase: story({
    shows: 'a device at port 0x5000 is found there',
    boot: () => ({ onPanic: 'preserve', iobase: 0x5000 }),
    follow: (guest) => panicked(guest, { port: 0x5000 }),
  }),
  'iobase-0x600': story({
    shows: 'a device at port 0x600 is found there',
    // In QEMU the power management registers lie over it.
    engine: 'v86',
    boot: () => ({ onPanic: 'preserve', iobase: 0x600 }),
    follow: (guest) => panicked(guest, { port: 0x600 }),
  }),
  events: story({
    shows: 'a device that offers panics only is told so to the guest',
    boot: () => ({ onPanic: 'preserve', events: 1 }),
    follow: (guest) => panicked(guest, { events: 1 }),
  }),
  'crash-kernel': story({
    shows: 'a guest with a crash kernel reports crash-loaded and hands over to it',
    linux: { plot: 'crash-kernel', memory: 256 * MEBIBYTE, append: 'crashkernel=80M crash_kexec_post_notifiers' },
    boot: () => ({ onPanic: 'preserve' }),
    async follow(guest) {
      const { event, value } = await guest.nextPanic(BOOT)
      assert.deepEqual({ event, value }, { event: 'crash-loaded', value: 2 })
      assert.ok(guest.serial.text.includes('guest: crash kernel loaded'), 'the crash kernel is loaded')
      assert.equal(guest.machine.runState, 'running')
    },
  }),
  'power-off': story({
    shows: 'a guest that powers itself off ends the machine with exit code 0',
    linux: { plot: 'power-off' },
    async follow(guest) {
      assert.deepEqual(await guest.ended(BOOT), { reason: 'ended', exitCode: 0 })
      assert.equal(guest.machine.panics.total, 0)
    },
  }),
  'bios-256k': story({
    shows: "Debian's larger SeaBIOS image works too",
    boot: (debian) => ({ onPanic: 'preserve', bios: debian.read(/seabios\/bios-256k\.bin$/) }),
    follow: (guest) => panicked(guest),
  }),
  'acpi-files': story({
    shows: 'with the tables of acpiFiles() alone, as a SeaBIOS without tables of its own needs them',
    engine: 'v86',
    boot: () => ({ onPanic: 'preserve', fwCfgFiles: acpiFiles(0x505, { timerInput: 0 }) }),
    follow: (guest) => panicked(guest),
  }),
  ssdt: {
    shows: "an SSDT of ours among QEMU's tables lets the driver bind, and Linux has nothing to say against it",
    engine: 'qemu',
    run: showSsdt,
  },
  ...Object.fromEntries(
    (['destroy', 'restart', 'preserve', 'coredump-destroy', 'coredump-restart'] as const).map((onCrash) => [
      `domain-${onCrash}`,
      {
        shows: `as a libvirt domain with on_crash=${onCrash}`,
        run: (debian: DebianFiles, engine: EngineName) => showDomain(debian, engine, onCrash),
      },
    ]),
  ),
  'core-dump': {
    shows: 'the core dump of a panicked guest is read by readelf and gdb, and holds the kernel where it belongs',
    engine: 'v86',
    run: showLinuxCores,
  },
}
