// `run --linux`, `--initrd-dir`, `--exec`, `--smp`, `--cpu` and `--qemu-arg`: what they make, and when they are refused.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { execExpectations, linuxImagesOf } from '../../src/cli/run/linux-options.js'
import { qemuArgumentsOf } from '../../src/cli/run/qemu-options.js'
import { run } from './run-program.js'

const folder = mkdtempSync(join(tmpdir(), 'isa-pvpanic-run-linux-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const engine = 'qemu'

/** An ELF header of 64 or 32 bits, with a program header of this type. */
function elf(name: string, bits: 32 | 64, type: number): string {
  const file = Buffer.alloc(200)
  file.write('\x7fELF', 'latin1')
  file[4] = bits / 32
  const header = 64
  if (bits === 64) {
    file.writeBigUInt64LE(BigInt(header), 0x20)
    file.writeUInt16LE(56, 0x36)
    file.writeUInt16LE(1, 0x38)
  } else {
    file.writeUInt32LE(header, 0x1c)
    file.writeUInt16LE(32, 0x2a)
    file.writeUInt16LE(1, 0x2c)
  }
  file.writeUInt32LE(type, header)
  const path = join(folder, name)
  writeFileSync(path, file)
  return path
}
const [LOAD, INTERP] = [1, 3]
const busybox = elf('static', 64, LOAD)

const tree = join(folder, 'tree')
mkdirSync(join(tree, 'etc'), { recursive: true })
writeFileSync(join(tree, 'init'), '#!/bin/sh\n', { mode: 0o755 })
writeFileSync(join(tree, 'etc/name'), 'guest', { mode: 0o644 })
symlinkSync('../init', join(tree, 'etc/first'))

const textOf = (image: unknown) => Buffer.from(image as Uint8Array).toString('latin1')

describe('the initial RAM disk', () => {
  it('of a folder has its files, links and modes', () => {
    const text = textOf(linuxImagesOf({ engine, initrdDir: tree }).initrd)
    expect(text).toMatch(/000081ed[^\0]*\0?[\s\S]*?init\0[\s\S]*#!\/bin\/sh/)
    expect(text).toMatch(/000081a4[^\0]*etc\/name\0[\s\S]*guest/)
    expect(text).toMatch(/0000a1ff[^\0]*etc\/first\0[\s\S]*\.\.\/init/)
  })

  it('of a command has busybox and the files beside it', () => {
    const text = textOf(linuxImagesOf({ engine, exec: 'uname -a', busybox, initrdDir: join(tree, 'etc') }).initrd)
    expect(text).toContain('uname -a')
    expect(text).toContain('bin/busybox\0')
    expect(text).toContain('name\0')
  })

  it.each([
    ['v86', busybox, /64-bit program, and a guest in v86 needs a 32-bit one/],
    ['v86', elf('dynamic-32', 32, INTERP), /needs shared libraries; Debian has a static one in busybox-static/],
    ['qemu', elf('dynamic-64', 64, INTERP), /needs shared libraries/],
    ['qemu', join(tree, 'init'), /it is no ELF program/],
    ['qemu', join(folder, 'absent'), /absent: cannot be read/],
  ] as const)('in %s is refused with %s as its busybox', (name, path, message) => {
    expect(() => linuxImagesOf({ engine: name, exec: 'true', busybox: path })).toThrow(message)
  })
})

it('--linux puts its switches before those that are given', () => {
  expect(linuxImagesOf({ engine, linux: true, append: 'panic=3' }).append).toMatch(/^console=ttyS0,115200 .* panic=3$/)
  expect(linuxImagesOf({ engine, append: 'panic=3' })).toEqual({})
})

it('--exec expects that its command succeeds, unless something else is expected', () => {
  const { expectSerial, failOn } = execExpectations({ exec: 'true', onPanic: 'preserve' })
  expect(expectSerial?.test('exec: exit code 0\n')).toBe(true)
  expect(failOn?.test('exec: exit code 10\n')).toBe(true)
  expect(failOn?.test('exec: exit code 0\n')).toBe(false)
  expect(execExpectations({ exec: 'true', expect: 'panic', onPanic: 'preserve' })).toEqual({})
})

it("QEMU's own arguments come in the order in which they are given", () => {
  expect(qemuArgumentsOf({ smp: 2, cpu: 'max', qemuArg: ['-device', 'edu'] })).toEqual([
    '-smp',
    '2',
    '-cpu',
    'max',
    '-device',
    'edu',
  ])
})

it.each([
  [['--linux'], /are for a --kernel/],
  [['--exec', 'true'], /are for a --kernel/],
  [['--kernel', 'x', '--initrd', 'y', '--exec', 'true'], /they take no --initrd/],
  [['--kernel', 'x', '--busybox', 'y'], /--busybox has a meaning with --exec only/],
  [['--smp', '2'], /need engine qemu/],
  [['--qemu-arg=-nographic'], /need engine qemu/],
  [['--kernel', 'x', '--initrd-dir', join(folder, 'absent')], /absent: cannot be read/],
])('%j is refused: exit code 2', async (args, message) => {
  const { exitCode, stderr } = await run(['run', ...args])
  expect([exitCode, stderr]).toEqual([2, expect.stringMatching(message)])
})
