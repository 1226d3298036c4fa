// `isa-pvpanic trace` as a shell sees it.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { portTraceHeader, readPortTrace } from '../../src/bus/port-trace.js'
import { run } from './run-program.js'

const folder = mkdtempSync(join(tmpdir(), 'isa-pvpanic-trace-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const boot = join(folder, 'linux.trace')
writeFileSync(boot, gunzipSync(readFileSync(new URL('../../bench/linux-6.1-boot.trace.gz', import.meta.url))))

const huge = join(folder, 'huge.trace')
writeFileSync(huge, portTraceHeader())
truncateSync(huge, 2 ** 30 + 8)
const hugeOfZeros = join(folder, 'zeros.trace')
writeFileSync(hugeOfZeros, '')
truncateSync(hugeOfZeros, 2 ** 30)

/** A ROM of 64 KiB whose first instruction jumps to itself: it never ends and touches no port. */
const idle = join(folder, 'idle.bin')
writeFileSync(idle, Buffer.alloc(0x10000, 0x90).fill(Buffer.from([0xeb, 0xfe]), 0xfff0, 0xfff2))
/** The same after `mov dx, 0x505` and `in al, dx`: it asks the device, and no more. */
const asking = join(folder, 'asking.bin')
writeFileSync(
  asking,
  Buffer.alloc(0x10000, 0x90).fill(Buffer.from([0xba, 0x05, 0x05, 0xec, 0xeb, 0xfe]), 0xfff0, 0xfff6),
)

async function trace(...args: string[]) {
  const { exitCode, stdout, stderr } = await run(['trace', ...args])
  return { out: stdout, err: stderr, exitCode }
}

describe('print', () => {
  it('names the registers', async () => {
    const { out, exitCode } = await trace('print', boot, '--ports', '0x505,0x80')
    expect(exitCode).toBe(0)
    expect(out.split('\n').filter((line) => line.includes('0x0505'))).toEqual([
      expect.stringMatching(/^ +\d+ {2}inb {3}0x0505 -> 0x[0-9a-f]{2} {8}pvpanic$/),
      expect.stringMatching(/^ +\d+ {2}outb {2}0x0505 <- 0x01 {8}pvpanic$/),
    ])
  })

  it('prints every access of a long trace', async () => {
    const { out } = await trace('print', boot)
    expect(out.trimEnd().split('\n')).toHaveLength(21_923)
  })

  it('shows what comes before the damage, then says where that is', async () => {
    const damaged = join(folder, 'damaged.trace')
    writeFileSync(damaged, readFileSync(boot).subarray(0, 30))
    const { out, err, exitCode } = await trace('print', damaged)
    expect(out.trimEnd().split('\n')).toHaveLength(1)
    expect(err).toContain('byte 24: a record takes 8 bytes, the file ends after 6')
    expect(exitCode).toBe(2)
  })

  it.each([
    ['a file that is none', import.meta.filename, 'not a port trace'],
    ['a file that is not there', join(folder, 'none'), 'no such file'],
    ['what never ends', '/dev/urandom', '/dev/urandom: port trace, byte 0: not a port trace'],
    ['a folder', folder, 'cannot be read: EISDIR'],
    ['a file larger than memory', huge, 'cannot be read: it is larger than 1 GiB'],
    ['a large file that is none', hugeOfZeros, 'not a port trace'],
  ])('refuses %s', async (_, path, reason) => {
    expect(await trace('print', path)).toEqual({ out: '', err: expect.stringContaining(reason), exitCode: 2 })
  })

  it.each(['0x9-0x3', '0x10000', 'x', '1-2-3', ''])('refuses --ports %j', async (list) => {
    const { err, exitCode } = await trace('print', boot, '--ports', list)
    expect(err).toMatch(/Expected (ports|a port)/)
    expect(exitCode).toBe(2)
  })
})

describe('replay', () => {
  it('panics a new machine with the accesses of a Linux boot', async () => {
    expect(await trace('replay', boot)).toMatchObject({ exitCode: 0, out: expect.stringContaining('1 report') })
  })

  it('tells the first read that differs', async () => {
    const { out, exitCode } = await trace('replay', boot, '--events', '0')
    expect(exitCode).toBe(1)
    expect(out).toMatch(/inb {3}0x0505 -> 0x07.*\ndiffers: this machine gives 0x00\n$/)
  })
})

/** Probed by Linux and SeaBIOS; v86 has nothing there, so that they gave all ones. */
const EMPTY = new Set([0x2e, 0x2f, 0x4e, 0x4f, 0x278, 0x27a, 0x2e9, 0x3e9, 0x5658, 0xb028])

describe('replay on a machine without the device that was recorded', () => {
  const builtin = join(folder, 'at-0x505.trace')

  it('tells a read at an empty port that was answered, and where the machine has nothing', async () => {
    await trace('record', builtin)
    const { out, exitCode } = await trace('replay', builtin, '--iobase', '0x600')
    expect(exitCode).toBe(1)
    expect(out).toMatch(/ 0 {2}inb {3}0x0505 -> 0x07.*\ndiffers: .* gives 0xff, for it has nothing at port 0x0505\n$/)
  })

  it('counts all accesses where it has everything', async () => {
    expect((await trace('replay', builtin)).out).toBe('11 accesses replayed, no difference; 1 report of the guest\n')
  })

  it('says which accesses went to nothing, and which were left out with their devices', async () => {
    const { out, exitCode } = await trace('replay', boot)
    expect(exitCode).toBe(0)
    const [, replayed, atNothing, ports, leftOut, devices] =
      /^(\d+) accesses replayed, .*\n(\d+) accesses of these at .* nothing: (.*)\n(\d+) accesses left out, .*: (.*)\n$/.exec(
        out,
      ) ?? []
    expect(Number(replayed) + Number(leftOut)).toBe(21_923)
    expect(Number(atNothing)).toBe([...readPortTrace(readFileSync(boot))].filter(({ port }) => EMPTY.has(port)).length)
    expect(ports).toBe('0x002e-0x002f, 0x004e-0x004f, 0x0278, 0x027a, 0x02e9, 0x03e9, 0x5658, 0xb028')
    expect(devices).toMatch(/^0x0040, 0x0042-0x0043, .*, 0x01ce-0x01cf, .*, 0x0510-0x0511, /)
  })
})

describe('record', () => {
  it('leaves a good trace as it was if nothing was recorded, and exits with 124 when time ran out', async () => {
    const file = join(folder, 'kept.trace')
    writeFileSync(file, 'good')
    expect(await trace('record', file, '--bios', idle, '--timeout', '300ms')).toEqual({
      exitCode: 124,
      out: `nothing recorded, ${file} is not written; time ran out\n`,
      err: '',
    })
    expect(readFileSync(file, 'utf8')).toBe('good')
    expect(readdirSync(folder).filter((name) => name.endsWith('.partial'))).toEqual([])
  })

  it('keeps what was recorded when time ran out', async () => {
    const file = join(folder, 'asking.trace')
    const recorded = await trace('record', file, '--bios', asking, '--timeout', '300ms')
    expect(recorded).toMatchObject({ exitCode: 124, out: '1 access recorded; time ran out\n' })
    expect([...readPortTrace(readFileSync(file))]).toMatchObject([{ port: 0x505, write: false }])
  })

  it('leaves no file behind if it is interrupted before anything was recorded', async () => {
    const file = join(folder, 'interrupted.trace')
    const program = ['--import', 'tsx', resolve(import.meta.dirname, '../../src/cli/main.ts')]
    const child = spawn(process.execPath, [...program, 'trace', 'record', file, '--bios', idle], { stdio: 'pipe' })
    let out = ''
    child.stdout.on('data', (data) => {
      out += data
    })
    while (!readdirSync(folder).some((name) => name.startsWith('interrupted.trace.'))) await sleep(20)
    child.kill('SIGINT')
    expect(await once(child, 'close')).toEqual([1, null])
    expect(out).toBe(`nothing recorded, ${file} is not written; it was interrupted\n`)
    expect(readdirSync(folder).filter((name) => name.startsWith('interrupted'))).toEqual([])
  })

  it('writes through a link, which stays one', async () => {
    const target = join(folder, 'target.trace')
    writeFileSync(target, 'old')
    const link = join(folder, 'link.trace')
    symlinkSync(target, link)
    await trace('record', link)
    expect(lstatSync(link).isSymbolicLink()).toBe(true)
    expect(readFileSync(target).subarray(0, 8).toString()).toBe('PIOTRACE')
  })

  it('writes down what the built-in guest does, for its owner alone, and that replays', async () => {
    const file = join(folder, 'builtin.trace')
    const recorded = await trace('record', file, '--iobase', '0x600')
    expect(recorded).toMatchObject({ exitCode: 0, out: expect.stringMatching(/^\d+ accesses .* reported panicked\n$/) })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const replayed = await trace('replay', file, '--iobase', '0x600')
    expect(replayed).toMatchObject({ exitCode: 0, out: expect.stringContaining('no difference; 1 report') })
  })

  it.each([
    ['a file that cannot be written', [join(folder, 'none/x.trace')], 'none/x.trace: cannot be written: ENOENT'],
    ['a folder', [folder], 'cannot be written: it is a folder'],
    ['an image that is none', [join(folder, 'x.trace'), '--bios', '/dev/null'], 'bios: /dev/null: the image is empty'],
  ])('refuses %s', async (_, args, reason) => {
    const { err, exitCode } = await trace('record', ...args)
    expect(err).toContain(reason)
    expect(exitCode).toBe(2)
    expect(existsSync(join(folder, 'x.trace'))).toBe(false)
  })
})
