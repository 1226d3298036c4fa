// Input and output without end: bounded, told where they are cut, and never in the way of a time limit or a signal.

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { portTraceHeader } from '../../src/bus/port-trace.js'
import { isaPvpanic } from '../../src/cli/program.js'
import { GuestRom } from '../../src/testing/rom/guest-rom.js'
import { PROGRAM } from './program-process.js'
import { run } from './run-program.js'

const folder = mkdtempSync(join(tmpdir(), 'isa-pvpanic-bounds-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const path = (name: string) => join(folder, name)
const pipe = path('pipe')
execFileSync('mkfifo', [pipe])

const talkative = path('talkative.rom')
const program = new GuestRom()
for (let line = 0; line < 10; line++) program.print('0123456789\n').inb(0x505)
writeFileSync(talkative, program.outb(0x505, 1).halt().build())

describe('an image', () => {
  it.each([
    ['that never ends', ['run', '--bios', '/dev/zero'], 'bios: /dev/zero: it is larger than 16 MiB'],
    ['of a recording that never ends', ['trace', 'record', path('x'), '--bios', '/dev/zero'], 'larger than 16 MiB'],
    ['in place of XML', ['domain', '/dev/zero'], '/dev/zero: cannot be read: it is larger than 4 MiB'],
  ])('%s is refused', async (_, args, reason) => {
    const { exitCode, stderr } = await run(args)
    expect(stderr).toContain(reason)
    expect(exitCode).toBe(2)
  })

  it('that is refused after its first bytes is closed', async () => {
    const open = () => readdirSync('/proc/self/fd').length
    const before = open()
    for (let i = 0; i < 3; i++) expect((await run(['trace', 'print', '/dev/zero'])).exitCode).toBe(2)
    expect(open()).toBe(before)
  })

  it('that is no UTF-8 in place of XML is refused', async () => {
    writeFileSync(path('latin1.xml'), Buffer.from('<domain>\xfc</domain>', 'latin1'))
    const { exitCode, stderr } = await run(['domain', path('latin1.xml')])
    expect(stderr).toContain('latin1.xml: cannot be read: no UTF-8 at byte 8')
    expect(exitCode).toBe(2)
  })

  it('that never comes leaves with 124 when time runs out', async () => {
    const { exitCode, stdout } = await run(['run', '--bios', pipe, '--timeout', '100ms'])
    expect(stdout).toContain('time ran out before the guest was started')
    expect(exitCode).toBe(124)
  })

  it('that never comes ends a recording when time runs out', async () => {
    const args = ['trace', 'record', path('late.trace'), '--bios', pipe, '--timeout', '100ms']
    const { exitCode, stdout } = await run(args)
    expect(stdout).toContain('time ran out before the guest was started')
    expect([exitCode, existsSync(path('late.trace'))]).toEqual([124, false])
  })

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('that never comes does not keep the process alive at %s', async (signal, exitCode) => {
    const child = spawn(process.execPath, [...PROGRAM, 'run', '--bios', pipe, '--json'], { stdio: 'pipe' })
    // The program listens once it waits for the pipe: a writer that does not block finds a reader then.
    while (!isRead()) await new Promise((resolve) => setTimeout(resolve, 20))
    child.kill(signal)
    expect(await once(child, 'close')).toEqual([exitCode, null])
  })
})

/** Whether somebody has the pipe open for reading. */
function isRead(): boolean {
  try {
    // Open it stays: the program would see the end of the image otherwise.
    openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK)
    return true
  } catch {
    return false
  }
}

describe('--serial FILE', () => {
  it('is cut at its limit, and that is told', async () => {
    const file = path('serial.txt')
    const { exitCode, stdout } = await run(['run', '--bios', talkative, '--serial', file, '--serial-limit', '25'])
    expect(readFileSync(file, 'utf8')).toBe('0123456789\n0123456789\n012')
    expect(stdout).toContain(`host    ${file}: cut at its limit of 25 bytes (--serial-limit)`)
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining('the guest reported panicked')])
  })

  it.runIf(existsSync('/dev/full'))('on a full disk ends the run with exit code 3, and names the file', async () => {
    const { exitCode, stdout } = await run(['run', '--bios', talkative, '--serial', '/dev/full'])
    expect(stdout).toContain('end     /dev/full: cannot be written: ENOSPC: no space left on device\n')
    expect(exitCode).toBe(3)
  })
})

it('a flooded timeline keeps the verdict, and says how much it left out', async () => {
  const args = ['run', '--bios', talkative, '--timeline-limit', '5']
  const { stdout } = await run(args)
  expect(
    stdout
      .trimEnd()
      .split('\n')
      .slice(-2)
      .map((line) => line.slice(10)),
  ).toEqual([
    expect.stringMatching(/^host {4}left out: \d+ further entries \(--timeline-limit\)$/),
    'end     the guest reported panicked; run state guest-panicked',
  ])
  const { timeline, timelineDropped } = JSON.parse((await run([...args, '--json'])).stdout)
  expect(timeline).toHaveLength(7)
  expect(timelineDropped).toBeGreaterThan(10)
})

it('a recording stops growing at its limit, and says so', async () => {
  const file = path('limited.trace')
  const limit = portTraceHeader().length + 3 * 8
  const { stdout, exitCode } = await run(['trace', 'record', file, '--bios', talkative, '--limit', String(limit + 5)])
  expect(stdout).toContain(`11 accesses recorded, of which the last 8 did not fit into the limit of ${limit + 5} bytes`)
  expect(statSync(file).size).toBe(limit)
  expect(exitCode).toBe(0)
  expect((await run(['trace', 'print', file])).stdout.trimEnd().split('\n')).toHaveLength(3)
})

it('a trace is printed no further when nobody reads it any more', async () => {
  const long = path('long.trace')
  const access = Uint8Array.of(0x05, 0x05, 1, 0, 1, 0, 0, 0)
  writeFileSync(long, Buffer.concat([portTraceHeader(), ...Array<Uint8Array>(20_000).fill(access)]))
  const pieces: string[] = []
  const exitCode = await isaPvpanic(['trace', 'print', long], {
    out: (text) => pieces.push(text),
    err: () => {},
    colours: false,
    flushed: async () => pieces.length < 2,
  })
  expect([exitCode, pieces.filter((piece) => piece !== '').length]).toEqual([0, 2])
})

describe('what a file or a guest says', () => {
  it.each([
    ['a domain XML', '<domain>&#27;[2J&#155;2J</domain>'],
    ['an element of it', "<domain type='\u009b2J\u001b[2J'/>"],
  ])('cannot steer the terminal: %s', async (_, xml) => {
    const file = path('hostile.xml')
    writeFileSync(file, xml)
    const { stdout, stderr } = await run(['domain', file])
    expect(stdout + stderr).not.toBe('')
    expect(stdout + stderr).not.toMatch(/(?!\n)\p{Cc}/u)
  })

  it('comes as JSON that a terminal does not obey', async () => {
    const file = path('escapes.rom')
    writeFileSync(file, new GuestRom().print('\x9b2J\x1b[2J\n').outb(0x505, 1).halt().build())
    const { stdout } = await run(['run', '--bios', file, '--json'])
    expect(stdout).not.toMatch(/(?!\n)\p{Cc}/u)
    expect(JSON.parse(stdout).serial).toBe('\x9b2J\x1b[2J\n')
  })
})
