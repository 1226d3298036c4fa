// QEMU's process does not outlive the one that started it.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it, vi } from 'vitest'
import { QemuProcess } from '../../src/testing/engines/qemu/process.js'

const folder = mkdtempSync(join(tmpdir(), 'isa-pvpanic-process-'))
afterAll(() => rmSync(folder, { recursive: true }))
const module = new URL('../../src/testing/engines/qemu/process.ts', import.meta.url).href

/** Stands in for QEMU: it writes its process number to a file and stays. */
const program = join(folder, 'stays')
writeFileSync(program, '#!/bin/sh\necho $$ > "$1.part"; mv "$1.part" "$1"; exec sleep 1000\n', { mode: 0o755 })

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

it('it is killed when that is', async () => {
  const mark = join(folder, 'killed')
  const source = `
    import { QemuProcess } from '${module}'
    new QemuProcess('${program}', ['${mark}'], () => {})
    setInterval(() => {}, 1000)`
  const parent = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', source], { stdio: 'inherit' })
  await vi.waitFor(() => expect(existsSync(mark)).toBe(true), 15_000)
  const pid = Number(readFileSync(mark, 'utf8'))
  expect(lives(pid)).toBe(true)
  parent.kill('SIGKILL')
  await once(parent, 'close')
  await vi.waitFor(() => expect(lives(pid)).toBe(false), 5_000)
})

it('it ends with its own exit code, is told its arguments as they are, and leaves nobody behind', async () => {
  const echo = join(folder, 'echo')
  writeFileSync(echo, '#!/bin/sh\nprintf "%s|" "$@"\nexit 7\n', { mode: 0o755 })
  const qemu = new QemuProcess(echo, ['a b', '$HOME', "'", ''], () => {})
  let text = ''
  qemu.onText((piece) => {
    text += piece
  })
  expect(await qemu.ended).toEqual({ code: 7, signal: null })
  expect(text).toBe("a b|$HOME|'||")
})

it('it can be killed itself', async () => {
  const mark = join(folder, 'itself')
  const qemu = new QemuProcess(program, [mark], () => {})
  await vi.waitFor(() => expect(existsSync(mark)).toBe(true), 5_000)
  qemu.kill()
  expect(await qemu.ended).toEqual({ code: null, signal: 'SIGKILL' })
})
