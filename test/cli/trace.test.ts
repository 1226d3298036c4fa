// `isa-pvpanic trace` as a shell sees it.

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { run } from './run-program.js'

const folder = mkdtempSync(join(tmpdir(), 'isa-pvpanic-trace-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const boot = join(folder, 'linux.trace')
writeFileSync(boot, gunzipSync(readFileSync(new URL('../bus/data/linux-6.1-boot.trace.gz', import.meta.url))))

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

describe('record', () => {
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
    ['an image that is none', [join(folder, 'x.trace'), '--bios', '/dev/null'], 'bios: the image is empty'],
  ])('refuses %s', async (_, args, reason) => {
    const { err, exitCode } = await trace('record', ...args)
    expect(err).toContain(reason)
    expect(exitCode).toBe(2)
  })
})
