// Commands on a guest's serial line: what a shell with and without an echo makes of them.

import { describe, expect, it } from 'vitest'
import { cpioArchive, GuestRom, linuxCommandLine, linuxInitrd } from '../../src/testing/index.js'
import { shellCommand } from '../../src/testing/run-command.js'
import { test } from '../../src/vitest/index.js'

describe('the result is found', () => {
  const { text, resultIn } = shellCommand('ls /', 3)
  it.each<[string, string, ReturnType<typeof resultIn>]>([
    ['with output', 'bin\r\ndev\r\nran-3 0\r\n', { exitCode: 0, output: 'bin\ndev\n' }],
    ['without output', 'ran-3 127\n', { exitCode: 127, output: '' }],
    ['behind output that ends without a line feed', 'abcran-3 0\r\n', { exitCode: 0, output: 'abc\n' }],
    [
      'behind an echo and prompts',
      '# ls /\r\nbin\r\n# echo "ran""-3" $?\r\nran-3 0\r\n# ',
      { exitCode: 0, output: 'bin\n' },
    ],
    ['not in the echo alone', 'ls /\r\necho "ran""-3" $?\r\n', undefined],
    ['not before its line is whole', 'bin\nran-3 0', undefined],
    ['not in that of another command', 'ran-2 0\n', undefined],
  ])('%s', (_, printed, result) => {
    expect(resultIn(printed)).toEqual(result)
  })

  it('by what is typed after the command', () => {
    expect(text).toBe('ls /\necho "ran""-3" $?\n')
  })
})

test('a guest that panics before a command has ended is told', async ({ boot }) => {
  const rom = new GuestRom().outb(0x505, 1).halt()
  const guest = await boot({ bios: rom.build() })
  await expect(guest.run('true')).rejects.toMatchObject({ name: 'GuestError', reason: 'stopped' })
  await expect(guest.run('true')).rejects.toThrow(/^no end of the command "true": run state guest-panicked/)
})

describe('the initial RAM disk', () => {
  it('has an init that loads the modules and runs the command', () => {
    const archive = linuxInitrd({
      busybox: Uint8Array.of(1),
      modules: [{ name: 'pvpanic', file: Uint8Array.of(2) }],
      exec: 'uname -a',
    })
    const text = Buffer.from(archive).toString('latin1')
    expect(text).toContain('insmod /modules/pvpanic.ko\n(\nuname -a\n)\n')
    expect(text).toContain('poweroff -f')
    expect(archive.length % 4).toBe(0)
    expect(text).toContain('modules/pvpanic.ko\0')
  })

  it("gives way to the caller's own files", () => {
    const archive = linuxInitrd({ busybox: Uint8Array.of(1), files: [{ path: 'init', file: 'mine' }] })
    const text = Buffer.from(archive).toString('latin1')
    expect(text).toContain('mine')
    expect(text).not.toContain('insmod')
  })

  it('is a cpio archive as its specification has it', () => {
    // Of each member a header of 13 fields, its name and its data, the last two padded to 4 bytes.
    const archive = Buffer.from(cpioArchive([{ path: 'a', file: 'x' }])).toString('latin1')
    const field = (value: number) => value.toString(16).padStart(8, '0')
    const header = (...fields: number[]) => `070701${fields.map(field).join('')}`
    expect(archive).toBe(
      `${header(1, 0o100644, 0, 0, 1, 0, 1, 0, 0, 0, 0, 2, 0)}a\0x\0\0\0` +
        `${header(0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 11, 0)}TRAILER!!!\0\0\0\0`,
    )
  })
})

it("what is added to Linux's command line comes last, where it wins", () => {
  expect(linuxCommandLine('panic=5 debug')).toMatch(/^console=ttyS0,115200 quiet .* panic=5 debug$/)
})
