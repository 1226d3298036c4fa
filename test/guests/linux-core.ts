// The core dump of a panicked Linux as readelf and gdb read it, held against what the kernel says of its symbols.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dumpCore, type ElfCore, writeCore } from '../../src/core-dump/index.js'
import { attach, createEmulator, destroyEmulator } from '../../src/v86/index.js'
import { runTool } from '../core-dump/run-tool.js'
import type { DebianFiles } from './debian.js'
import { linuxImages } from './linux-guest.js'

/** Where the 32-bit kernel maps physical address 0. */
const PAGE_OFFSET = 0xc0000000
/** Bytes that iowrite8 certainly does not exceed. */
const LONGEST_FUNCTION = 0x80
const BANNER = /Linux version 6\.1/

/**
 * Boots a guest, lets it panic, and holds its core dumps against what must be in them. Needs binutils and gdb.
 * @returns what was found, for a person.
 */
export async function showLinuxCores(debian: DebianFiles): Promise<string> {
  const { bios, kernel, initrd, append, memory } = linuxImages(debian)
  const emulator = await createEmulator({
    bios,
    memory,
    v86: {
      bzimage: { buffer: arrayBuffer(kernel) },
      initrd: { buffer: arrayBuffer(initrd) },
      cmdline: append,
      acpi: true,
    },
  })
  try {
    const machine = attach(emulator, { onPanic: 'preserve' })
    const stopped = new Promise((resolve) => machine.on('STOP', resolve))
    let serial = ''
    emulator.add_listener('serial0-output-byte', (byte) => {
      serial += String.fromCharCode(byte)
    })
    emulator.run()
    await stopped
    const physical = await dumpCore(machine, emulator)
    const virtual = await dumpCore(machine, emulator, { addresses: 'virtual' })
    return await checkCores(physical, virtual, serial)
  } finally {
    await destroyEmulator(emulator)
  }
}

async function checkCores(physicalCore: ElfCore, virtualCore: ElfCore, serial: string): Promise<string> {
  const [, symbol = ''] = /guest: symbol ([0-9a-f]{8}) T iowrite8/.exec(serial) ?? []
  const writesPort = Number.parseInt(symbol, 16)
  const [, first = '', last = ''] = /guest: memory ([0-9a-f]{8})-([0-9a-f]{8}) : Kernel rodata/.exec(serial) ?? []
  const constants = { first: Number.parseInt(first, 16), last: Number.parseInt(last, 16) }
  const folder = mkdtempSync(join(tmpdir(), 'linux-core-'))
  try {
    const [physical, virtual] = [join(folder, 'physical.core'), join(folder, 'virtual.core')]
    await writeCore(physical, physicalCore)
    await writeCore(virtual, virtualCore)
    for (const path of [physical, virtual]) assert.match(runTool('readelf', '-a', path), /NT_PRSTATUS/)
    const find = `find /b 0x${first}, 0x${last}, 'L', 'i', 'n', 'u', 'x', ' ', 'v', 'e', 'r', 's', 'i', 'o', 'n', ' ', '6'`
    const banner = Number(/^0x[0-9a-f]+/m.exec(gdb(physical, find))?.[0])
    assert.ok(banner >= constants.first && banner <= constants.last, "the banner is among the kernel's constants")
    assert.match(gdb(physical, `x/s ${banner}`), BANNER)
    assert.match(gdb(virtual, `x/s ${banner + PAGE_OFFSET}`), BANNER)
    assert.match(gdb(virtual, 'x/i $eip - 1'), /out +%al,\(%dx\)/)
    assert.equal(gdb(virtual, 'output/x $edx & 0xffff'), '0x505')
    const eip = Number(gdb(virtual, 'output/x $eip'))
    assert.ok(eip > writesPort && eip < writesPort + LONGEST_FUNCTION, `eip 0x${eip.toString(16)} is in iowrite8`)
    return `core of ${physicalCore.size} bytes; eip 0x${eip.toString(16)} is in iowrite8; banner at 0x${banner.toString(16)}`
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function gdb(core: string, command: string): string {
  const commands = ['set architecture i386', `core-file ${core}`, command].flatMap((line) => ['-ex', line])
  const output = runTool('gdb', '-nx', '-batch', ...commands)
  // What comes before is gdb's own account of where the guest stands.
  return output.slice(output.indexOf('\n', output.indexOf('\n#0 ') + 1) + 1).trimEnd()
}

function arrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return bytes.slice().buffer as ArrayBuffer
}
