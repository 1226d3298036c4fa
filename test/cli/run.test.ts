// `isa-pvpanic run` as a shell sees it: exit codes by the contract, what it prints, and what it says of usage errors.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { GuestRom } from '../../src/testing/rom/guest-rom.js'
import { testKernel } from '../../src/testing/rom/test-kernel.js'
import { findPanicked, letGoOn } from './panicked-guest.js'
import { run } from './run-program.js'

const folder = mkdtempSync(join(tmpdir(), 'isa-pvpanic-run-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Writes a ROM and returns its path. */
function image(name: string, program: GuestRom): string {
  const path = join(folder, name)
  writeFileSync(path, program.build())
  return path
}
const silent = image('silent.rom', new GuestRom().print('nothing to report\n').halt())
const crashLoaded = image('crash-loaded.rom', new GuestRom().outb(0x505, 2).halt())
const endless = image(
  'endless.rom',
  new GuestRom().forever((guest) => guest.wait(0xffff)),
)
const large = join(folder, 'large.rom')
writeFileSync(large, Buffer.alloc(2 ** 20 + 1))
const debugExit = image('debug-exit.rom', new GuestRom().outb(0xf4, 0x10).halt())
const hostile = image(
  'hostile.rom',
  new GuestRom().forever((guest) => guest.print('\x1b[2J\n').outb(0x0c, 0)),
)

const kernel = join(folder, 'kernel.bin')
writeFileSync(kernel, testKernel({ debugExit: 0xf4 }))
const hello = 'kernel: started by a multiboot loader'

describe('the exit code', () => {
  it.each([
    [0, 'the built-in guest panics', []],
    [0, 'it was expected to', ['--expect', 'panic']],
    [0, 'it panics where it looks for the device', ['--iobase', '0x600', '--expect', 'panic']],
    [0, 'a machine that was to end has ended', ['--on-panic', 'destroy']],
    [0, 'a crash kernel was expected', ['--bios', crashLoaded, '--expect', 'crash-loaded']],
    [0, 'no report was expected', ['--bios', silent, '--expect', 'none']],
    [0, 'the guest ends the machine', ['--bios', debugExit, '--debug-exit', '0xf4']],
    [0, 'a multiboot kernel panics', ['--multiboot', kernel, '--expect', 'panic']],
    [0, 'the exit code was expected', ['--bios', debugExit, '--debug-exit', '0xf4', '--expect-exit', '33']],
    [1, 'another exit code was expected', ['--bios', debugExit, '--debug-exit', '0xf4', '--expect-exit', '35']],
    [1, 'a panic came where an exit code was expected', ['--multiboot', kernel, '--expect-exit', '33']],
    [1, 'a panic came where none was expected', ['--expect', 'none']],
    [1, 'something else came', ['--bios', crashLoaded, '--expect', 'panic']],
    [1, 'the guest halts for good first', ['--bios', silent, '--expect', 'panic']],
    [1, 'the machine ends first', ['--bios', debugExit, '--debug-exit', '0xf4', '--expect', 'panic']],
    [1, 'no device is offered that takes panics', ['--events', '0', '--expect', 'panic']],
    [2, 'the image cannot be read', ['--bios', join(folder, 'absent.rom')]],
    [2, 'an image is of another kind', ['--kernel', silent]],
    [2, 'the guest is to boot two kernels', ['--kernel', silent, '--multiboot', kernel]],
    [2, 'a report has no format', ['--report', 'results.xml']],
    [2, 'an option is of the other engine', ['--qemu-program', 'qemu-system-x86_64']],
    [2, 'an exit code is to follow a panic that nothing follows', ['--expect', 'panic', '--expect-exit', '33']],
    [2, 'no process can have the exit code that is expected', ['--expect-exit', '256']],
    [2, 'a pattern is none', ['--expect-serial', '(']],
    [2, 'a command line has no kernel', ['--append', 'console=ttyS0']],
    [2, 'a limit of resets has no resets', ['--reset-limit', '3']],
    [2, 'a core dump is to be of a guest that is not kept', ['--on-panic', 'log', '--dump-dir', folder]],
    [2, 'a dump that is not to be has a name', ['--dump-name', 'libvirt']],
    [2, 'a file that is not to be has a limit', ['--serial', 'stdio', '--serial-limit', '1M']],
    [2, 'there are two forms of JSON', ['--json', '--ndjson']],
    [2, 'a firmware image is larger than a processor of 16 bits can see', ['--bios', large]],
    [3, 'there is no QEMU', ['--engine', 'qemu', '--qemu-program', join(folder, 'absent')]],
    [2, 'v86 cannot have so much memory', ['--memory', '3G']],
    [2, 'a kernel does not fit into memory', ['--multiboot', kernel, '--memory', '1M']],
    [2, 'a port does not exist', ['--iobase', '0x10000']],
    [2, 'a monitor cannot be where it is asked for', ['--qmp', 'foo']],
    [2, 'a mode does not exist', ['--on-panic', 'explode']],
    [2, 'an option does not exist', ['--frobnicate']],
    [2, 'the serial line goes to a file in no folder', ['--serial', join(folder, 'absent/serial.txt')]],
    [2, 'the serial line goes to a folder', ['--serial', folder]],
    [2, 'a report goes to a file in no folder', ['--report', `tap=${join(folder, 'absent/report.tap')}`]],
    [2, 'a report goes to a folder', ['--report', `junit=${folder}`]],
    [2, 'core dumps go to a folder that is none', ['--dump-dir', silent]],
    [2, 'a monitor goes where a file is', ['--qmp', `unix:${silent}`]],
    [2, 'a device reaches beyond the last port', ['--debug-exit', '0xffff']],
    [2, 'a version does not exist', ['--qemu', '1.5.4']],
    [124, 'time runs out', ['--bios', endless, '--timeout', '300ms']],
    [124, 'a guest that never stops printing', ['--bios', hostile, '--timeout', '1s']],
  ] as const)('is %i when %s', async (exitCode, _, args) => {
    const { exitCode: got, stdout, stderr } = await run(['run', ...args])
    expect(got, `${stdout}\n${stderr}`).toBe(exitCode)
  })
})

describe('text on the serial line', () => {
  const twoStep = image(
    'two-step.rom',
    new GuestRom().print('step one\n').outb(0x505, 1).print('step two\n').outb(0xf4, 0x10).halt(),
  )
  const log = ['--bios', twoStep, '--debug-exit', '0xf4', '--on-panic', 'log']

  it.each([
    [0, 'printed /step two/', ['--expect-serial', 'step two']],
    [0, 'printed /^step one$/', ['--expect-serial', '^step one$']],
    [0, 'reported panicked, and ended with exit code 33', ['--expect', 'panic', '--expect-exit', '33']],
    [0, 'ended with exit code 33', ['--expect', 'panic', '--expect-exit', '33', '--expect-serial', 'step two']],
    [0, 'it printed text /step two/', ['--expect', 'panic', '--expect-serial', 'step two']],
    [1, 'expected was panic and exit code 35', ['--expect', 'panic', '--expect-exit', '35']],
    [1, 'expected was text /step three/', ['--expect-serial', 'step three']],
    [1, 'expected was panic and text /three/', ['--expect', 'panic', '--expect-serial', 'three']],
    [
      1,
      'the guest printed "step two" (--fail-on)',
      ['--expect-exit', '33', '--expect', 'panic', '--fail-on', 'step t..'],
    ],
    [1, 'the guest printed "step" (--fail-on)', ['--expect', 'panic', '--fail-on', 'step']],
    [0, 'the guest reported panicked', ['--expect', 'panic', '--fail-on', 'BUG:']],
  ])('exit code %i: %s', async (exitCode, told, args) => {
    const { exitCode: got, stdout } = await run(['run', ...log, ...args])
    expect(stdout).toContain(told.replace(/^printed/, 'the guest printed text'))
    expect(got).toBe(exitCode)
  })

  it('cannot come any more from a guest that is kept: the run does not wait for it', async () => {
    const { exitCode, stdout } = await run(['run', '--bios', twoStep, '--expect-serial', 'step two'])
    expect(stdout).toContain('run state guest-panicked; expected was text /step two/')
    expect(exitCode).toBe(1)
  })

  it('is waited for until time runs out', async () => {
    const { exitCode } = await run(['run', '--bios', endless, '--expect-serial', 'never', '--timeout', '200ms'])
    expect(exitCode).toBe(124)
  })
})

describe('under reset with a limit, it goes on', () => {
  const reset = ['--on-panic', 'reset', '--reset-limit', '3']

  it('until the guest is preserved', async () => {
    const { exitCode, stdout } = await run(['run', ...reset, '--json'])
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      verdict: 'the guest panicked at the limit of 3 resets; run state guest-panicked',
      runState: 'guest-panicked',
      panics: { total: 4 },
    })
  })

  it('until the guest comes to its end', async () => {
    const { exitCode, stdout } = await run(['run', ...reset, '--bios', crashLoaded])
    expect(exitCode).toBe(0)
    expect(stdout).toContain('the guest reported crash-loaded, and halted for good before the limit of 3 resets')
  })

  it('until time runs out', async () => {
    const reportsOnce = image(
      'reports-once.rom',
      new GuestRom().outb(0x505, 2).forever((guest) => guest.wait(0xffff)),
    )
    const { exitCode, stdout } = await run(['run', ...reset, '--bios', reportsOnce, '--timeout', '300ms'])
    expect(exitCode).toBe(124)
    expect(stdout).toContain('time ran out before the limit of 3 resets; reports: 1')
  })

  it('but not beyond the report that was expected', async () => {
    const { stdout } = await run(['run', ...reset, '--expect', 'panic', '--json'])
    expect(JSON.parse(stdout)).toMatchObject({ exitCode: 0, runState: 'running' })
  })
})

describe('the output', () => {
  it('tells serial lines, port accesses, events and run states in their order', async () => {
    const { stdout } = await run(['run'])
    const lines = stdout.split('\n').map((line) => line.replace(/^ *[\d.]+ +/, '').replace(/ +/g, ' '))
    const told = [
      'ports pvpanic: 0x505 -> 07',
      'ports pvpanic: 0x505 <- 01',
      'event GUEST_PANICKED action=pause',
      'event STOP',
      'state guest-panicked',
    ]
    expect(lines.filter((line) => told.includes(line))).toEqual(told)
    expect(lines[0]).toBe('serial guest: started at the reset vector')
  })

  it('is one JSON document with --json', async () => {
    const { stdout } = await run(['run', '--json', '--on-panic', 'destroy'])
    expect(JSON.parse(stdout)).toMatchObject({
      exitCode: 0,
      runState: 'shutdown',
      machineExitCode: 0,
      panics: { total: 1, dropped: 0, entries: [{ event: 'panicked', value: 1 }] },
    })
  })

  it('is a JSON document a line with --ndjson, the last of which is the verdict', async () => {
    const { stdout } = await run(['run', '--ndjson', '--timeline-limit', '3'])
    const documents = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(documents.map(({ kind }) => kind)).toEqual(['serial', 'serial', 'ports', 'host', 'end', 'verdict'])
    expect(documents.at(-1)).toMatchObject({ exitCode: 0, runState: 'guest-panicked', panics: { total: 1 } })
  })

  it('passes no escape sequence of the guest on to the terminal', async () => {
    const { stdout } = await run(['run', '--bios', hostile, '--timeout', '300ms'])
    expect(stdout).not.toContain('\x1b')
    expect(stdout.split('\n').length).toBeLessThan(1100)
  })

  it('says what was wrong with a value, and what is allowed', async () => {
    const { stderr } = await run(['run', '--iobase', 'zz'])
    expect(stderr).toContain("'--iobase <port>' argument 'zz' is invalid. Expected a port such as 0x505 or 1285")
  })
})

describe('a report', () => {
  const report = async (format: 'junit' | 'tap', args: readonly string[]) => {
    const path = join(folder, `report.${format}`)
    await run(['run', ...args, '--report', `${format}=${path}`])
    return readFileSync(path, 'utf8')
  }

  it('in JUnit tells of a run that showed what was expected, with what the guest printed', async () => {
    const xml = await report('junit', ['--multiboot', kernel, '--expect', 'panic'])
    expect(xml).toMatch(/^<\?xml version="1.0" encoding="UTF-8"\?>\n<testsuites /)
    expect(xml).toContain('tests="1" failures="0" errors="0" skipped="0"')
    expect(xml).toContain('name="kernel.bin in v86, on-panic preserve, expecting panic"')
    expect(xml).toContain(`<system-out>${hello}\n`)
    expect(xml).not.toContain('<failure')
  })

  it('in JUnit tells of a failure, and leaves out what XML cannot hold', async () => {
    const xml = await report('junit', ['--bios', hostile, '--timeout', '300ms', '--expect', 'panic'])
    expect(xml).toContain('failures="1"')
    expect(xml).toContain('<failure message="no report and no end within 300 ms">exit code 124: ')
    expect(xml).not.toContain('\x1b')
    expect(xml).toContain('<system-out>[2J\n[2J\n')
  })

  it('in TAP tells of a run that showed what was expected', async () => {
    const tap = (await report('tap', ['--multiboot', kernel, '--expect', 'panic'])).split('\n')
    expect(tap.slice(0, 3)).toEqual([
      'TAP version 13',
      '1..1',
      'ok 1 - kernel.bin in v86, on-panic preserve, expecting panic',
    ])
    expect(tap).toContain(`# ${hello}`)
  })

  it('can be written in several formats at once, and quotes the last lines of the guest', async () => {
    const [junit, tap] = [join(folder, 'both.xml'), join(folder, 'both.tap')]
    await run(['run', '--bios', silent, '--expect', 'panic', '--report', `junit=${junit}`, '--report', `tap=${tap}`])
    expect(readFileSync(junit, 'utf8')).toContain('The guest printed last:\nnothing to report</failure>')
    expect(readFileSync(tap, 'utf8')).toContain('not ok 1')
  })

  it('in TAP tells of a failure', async () => {
    const tap = await report('tap', ['--bios', silent, '--expect', 'panic'])
    expect(tap).toContain('\nnot ok 1 - silent.rom in v86')
    expect(tap).toContain('message: "the guest halted for good without a report"')
  })
})

describe('--serial', () => {
  it('stdio gives the guest the terminal, and everything else goes beside it', async () => {
    const { stdout, stderr } = await run(['run', '--multiboot', kernel, '--serial', 'stdio'])
    expect(stdout).toBe(`${hello}\nkernel: panic: reporting it to the host\n`)
    expect(stderr).toContain('GUEST_PANICKED action=pause')
    expect(stderr).not.toContain(hello)
  })

  it('FILE takes what the guest prints, as it is', async () => {
    const path = join(folder, 'serial.txt')
    await run(['run', '--bios', hostile, '--timeout', '300ms', '--serial', path])
    expect(readFileSync(path, 'latin1').slice(0, 10)).toBe('\x1b[2J\n\x1b[2J\n')
  })
})

describe('--dump-dir', () => {
  const dumps = async (name: string, args: readonly string[]) => {
    const cores = join(folder, name)
    mkdirSync(cores)
    await run(['run', '--multiboot', kernel, '--memory', '2M', '--dump-dir', cores, ...args])
    return readdirSync(cores).map((file) => join(cores, file))
  }

  it('gets the core of a guest that stands panicked, for its owner alone', async () => {
    const [core = '', ...others] = await dumps('stands', [])
    expect(others).toEqual([])
    expect(core).toMatch(/\/\d+-kernel\.bin-\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d$/)
    expect(statSync(core).mode & 0o777).toBe(0o600)
    expect(readFileSync(core).subarray(0, 4).toString('latin1')).toBe('\x7fELF')
  })

  it('names it as libvirt does, if that is asked for', async () => {
    const [core] = await dumps('libvirt', ['--dump-name', 'libvirt'])
    expect(core).toMatch(/\/\d+-kernel\.bin-\d{4}-\d\d-\d\d-\d\d:\d\d:\d\d$/)
  })
})

it('--qmp lets a client watch, and decide what becomes of the panicked guest', async () => {
  const address = `unix:${join(folder, 'qmp')}`
  const finished = run(['run', '--multiboot', kernel, '--debug-exit', '0xf4', '--expect', 'panic', '--qmp', address])
  await letGoOn(await findPanicked(address, { connect: 10_000, panic: 1000 }), finished)
})

it('`demo` fits a terminal of 80 columns, in some forty lines, and says where to go next', async () => {
  const { exitCode, stdout } = await run(['demo'])
  const lines = stdout.split('\n')
  expect(exitCode).toBe(0)
  expect(lines.filter((line) => line.length > 80)).toEqual([])
  expect(lines.length).toBeLessThan(45)
  expect(lines.at(-4)).toMatch(/^Next: {2}npm run demo /)
})

it('`demo --all --json` shows the panic under each mode at each port', { timeout: 60_000 }, async () => {
  const { exitCode, stdout } = await run(['demo', '--all', '--json'])
  const outcomes = JSON.parse(stdout) as { onPanic: string; iobase: number; panics: number; runState: string }[]
  expect(exitCode).toBe(0)
  const expected = { preserve: 'running', destroy: 'shutdown', reset: 'guest-panicked', log: 'running' }
  expect(outcomes.map(({ iobase, onPanic, runState, panics }) => [iobase, onPanic, runState, panics])).toEqual(
    [0x505, 0x600, 0].flatMap((iobase) =>
      Object.entries(expected).map(([mode, state]) => [iobase, mode, state, mode === 'reset' ? 2 : 1]),
    ),
  )
})
