// A real Linux as a libvirt domain: what on_crash makes of its panic.

import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Domain } from '../../src/libvirt/domain.js'
import { type CrashAction, domainDefinition } from '../../src/libvirt/domain-definition.js'
import { bootGuest, type EngineName, type Guest } from '../../src/testing/index.js'
import { runTool } from '../core-dump/run-tool.js'
import type { DebianFiles } from './debian.js'
import { INIT_SAYS, linuxImages } from './linux-guest.js'

const BOOT = { timeoutMs: 240_000 }

/** Boots the guest as a domain, lets it panic, and holds state and core dump against what libvirt does. */
export async function showDomain(debian: DebianFiles, engine: EngineName, onCrash: CrashAction): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'linux-domain-'))
  const warnings: string[] = []
  const definition = domainDefinition({ name: 'linux', onCrash, panics: [{ model: 'isa' }] })
  const onWarning = (text: string) => warnings.push(text)
  const domain = new Domain(definition, { autoDumpPath: folder, onWarning })
  const guest: Guest = await bootGuest({ engine, ...linuxImages(debian), ...domain.guestOptions(engine) })
  try {
    await domain.start({ guest })
    const { event } = await guest.nextPanic(BOOT)
    await domain.settled()
    assert.equal(event, 'panicked')
    assert.match(guest.serial.text, /guest: driver pvpanic-mmio/)
    assert.deepEqual(warnings, [])
    const { state, reason } = domain.state
    const core = onCrash.startsWith('coredump-') ? `; ${checkCore(folder)}` : ''
    if (onCrash.endsWith('restart')) {
      await guest.nextPanic(BOOT)
      assert.equal(guest.serial.text.split(INIT_SAYS).length - 1, 2, 'init ran twice')
    }
    return `${state} (${reason})${core}`
  } finally {
    await guest.dispose()
    rmSync(folder, { recursive: true, force: true })
  }
}

function checkCore(folder: string): string {
  const [file = '', ...others] = readdirSync(folder)
  assert.deepEqual(others, [])
  assert.match(file, /^1-linux-\d{4}(-\d\d){3}(:\d\d){2}$/)
  const path = join(folder, file)
  assert.match(runTool('readelf', '-h', path), /CORE \(Core file\)/)
  const registers = runTool('gdb', '-nx', '-batch', '-c', path, '-ex', 'info registers eip edx')
  const [, eip = ''] = /^[er]ip\s+0x(\w+)/m.exec(registers) ?? []
  assert.ok(Number.parseInt(eip, 16) >= 0xc0000000, `eip 0x${eip} is in the kernel`)
  return `${file} in gdb: eip 0x${eip}`
}
