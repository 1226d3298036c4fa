// `npx tsx test/guests/measure.ts [--write]`: how long a panic test of a Linux takes, from boot and from a snapshot, in v86 and in
// QEMU. With --write the table goes into docs/testing-a-kernel.md.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type BootOptions, bootGuest, linuxCommandLine, linuxInitrd, SHELL_READY } from '../../src/testing/index.js'
import { fetchDebian } from './debian.js'

const DOCUMENT = resolve(import.meta.dirname, '../../docs/testing-a-kernel.md')
const [BEGIN, END] = ['<!-- measured: begin -->', '<!-- measured: end -->']
const TESTS = 8
const timeoutMs = 600_000

const debian = fetchDebian()
const module = (name: string) => ({ name, file: debian.read(new RegExp(`/${name}\\.ko$`)) })
const linux = {
  kernel: debian.read(/boot\/vmlinuz-/),
  initrd: linuxInitrd({ busybox: debian.read(/bin\/busybox$/), modules: [module('pvpanic'), module('pvpanic-mmio')] }),
  append: linuxCommandLine(),
  memory: 128 << 20,
  timeoutMs,
}
const v86 = { ...linux, bios: debian.read(/seabios\/bios\.bin$/) } satisfies BootOptions

/** One test: the guest at its shell panics, and tells so. */
async function panicOf(options: BootOptions, boots: boolean): Promise<void> {
  await using guest = await bootGuest(options)
  if (boots) await guest.serial.waitFor(SHELL_READY)
  guest.send('echo c > /proc/sysrq-trigger\n')
  await guest.nextPanic()
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return (performance.now() - began) / 1000
}

async function inTurn(count: number, work: () => Promise<void>): Promise<void> {
  for (let times = 0; times < count; times++) await work()
}

const folder = mkdtempSync(join(tmpdir(), 'isa-pvpanic-measure-'))
try {
  const file = join(folder, 'linux.snapshot')
  const snapshot = { at: SHELL_READY, file, timeoutMs }
  const rows: [string, number, number][] = []
  const booted = () => panicOf(v86, true)
  const restored = () => panicOf({ ...v86, snapshot }, false)
  rows.push(['v86, booted for each test', await seconds(booted), await seconds(() => inTurn(TESTS, booted))])
  const first = await seconds(restored)
  rows.push(['v86, snapshot made by the first test', first, first + (await seconds(() => inTurn(TESTS - 1, restored)))])
  rows.push(['v86, snapshot there', await seconds(restored), await seconds(() => inTurn(TESTS, restored))])
  const qemu = (accelerator: 'tcg' | 'kvm') => () => panicOf({ ...linux, engine: 'qemu', accelerator }, true)
  for (const accelerator of ['tcg', 'kvm'] as const) {
    const one = await seconds(qemu(accelerator)).catch((error: Error) => error)
    if (one instanceof Error) console.log(`QEMU, ${accelerator}: ${one.message.split('\n')[0]}`)
    else
      rows.push([
        `QEMU, ${accelerator}, booted for each test`,
        one,
        await seconds(() => inTurn(TESTS, qemu(accelerator))),
      ])
  }
  const version = execFileSync('qemu-system-x86_64', ['--version'], { encoding: 'utf8' }).split('\n')[0]
  const megabytes = (statSync(file).size / 2 ** 20).toFixed(1)
  const table = [
    '| | one test | eight tests |',
    '| --- | --- | --- |',
    ...rows.map(([name, one, eight]) => `| ${name} | ${one.toFixed(1)} s | ${eight.toFixed(1)} s |`),
    '',
    `Measured on ${cpus().length} cores (${cpus()[0]?.model.trim()}), Node ${process.versions.node}, ${version}, one guest`,
    `after another. The snapshot's file has ${megabytes} MiB.`,
  ].join('\n')
  console.log(table)
  if (process.argv.includes('--write')) {
    const text = readFileSync(DOCUMENT, 'utf8')
    const [before, after] = [text.indexOf(BEGIN) + BEGIN.length, text.indexOf(END)]
    writeFileSync(DOCUMENT, `${text.slice(0, before)}\n${table}\n${text.slice(after)}`)
  }
} finally {
  rmSync(folder, { recursive: true })
}
