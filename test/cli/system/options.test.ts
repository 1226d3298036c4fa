// Holds the reading of QEMU's options against what a real QEMU said of the same ones.

import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { NEXT_COMPLAINT, startSystem } from '../../../src/cli/system/system.js'
import { qemuProfile } from '../../../src/machine/qemu-versions.js'
import { parseSystemOptions } from '../../../src/qemu-options/command-line.js'
import { HelpRequest, OptionError } from '../../../src/qemu-options/keyval.js'
import { OPTION_BY_NAME } from '../../../src/qemu-options/options.js'

interface Outcome {
  readonly arguments: readonly string[]
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number | null
}

interface Recording {
  /** First line of the program's `--version`. */
  readonly program: string
  readonly outcomes: readonly Outcome[]
}

function readRecording(series: string): Recording {
  const url = new URL(`../../qemu-options/recordings/options-${series}.json.gz`, import.meta.url)
  return JSON.parse(gunzipSync(readFileSync(url)).toString()) as Recording
}

const PROGRAM = 'qemu-system-x86_64'

/** What we say, as the process would write it. */
async function say(args: readonly string[], version = '7.2'): Promise<Omit<Outcome, 'arguments'>> {
  let stderr = ''
  const complain = (text: string) => {
    stderr += `${PROGRAM}: ${text.replaceAll(NEXT_COMPLAINT, `${PROGRAM}: `)}\n`
  }
  const common = ['-nodefaults', '-display', 'none', '-S', '-as-qemu', version]
  try {
    const { server } = await startSystem([...common, ...args], complain)
    await server.close()
    return { stdout: '', stderr, exitCode: null }
  } catch (error) {
    if (error instanceof HelpRequest)
      return { stdout: '', stderr, [error.output]: error.text, exitCode: error.exitCode }
    if (!(error instanceof OptionError)) throw error
    complain(error.message)
    return { stdout: '', stderr, exitCode: 1 }
  }
}

describe.each(['7.2', '10.0', '11.1'])('the options of pvpanic-system-x86_64, as QEMU %s', (series) => {
  it.each(readRecording(series).outcomes)('$arguments', async ({ arguments: args, ...expected }) => {
    expect(await say(args, series)).toEqual(expected)
  })
})

describe('the options of pvpanic-system-x86_64', () => {
  it.each([
    ['12.0', 'pc', `QEMU 12.0 is taken to behave as ${qemuProfile().version}, the newest known here`],
    // As 10.0.13 said.
    [
      '10.0',
      'pc-i440fx-2.4',
      "Machine type 'pc-i440fx-2.4' is deprecated: machines more than 3 years old are subject to deletion after 6 years",
    ],
  ])('-as-qemu %s -M %s: warns', async (version, machineType, warning) => {
    const { stderr, exitCode } = await say(['-M', machineType], version)
    expect([stderr, exitCode]).toEqual([`${PROGRAM}: warning: ${warning}\n`, null])
  })

  it('count the device that the board of 1.5 brings, which only a global moves', () => {
    const old = ['-as-qemu', '1.5.0', '-M', 'pc-i440fx-1.5']
    const { machine, deviceIds } = parseSystemOptions(
      [...old, '-global', 'pvpanic.ioport=0', '-device', 'pvpanic,id=added'],
      () => {},
    )
    expect([machine.iobase, machine.secondIobase, deviceIds]).toEqual([0, [0], [undefined, 'added']])
    expect(parseSystemOptions(old, () => {}).machine.iobase).toBe(0x505)
  })

  it.each(['-help', '-h', '--help'])('%s: tells of every option, and exits with 0', async (option) => {
    const { stdout, stderr, exitCode } = await say([option, '-device', 'foo'])
    const missing = [...OPTION_BY_NAME.keys()].filter((name) => !new RegExp(`-${name}\\b`).test(stdout))
    expect([missing, stderr, exitCode]).toEqual([[], '', 0])
  })

  it('-machine help: lists the machine types of the version', async () => {
    const { stdout, exitCode } = await say(['-device', 'foo', '-machine', 'help'])
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(
      /^Supported machines are:\npc +Standard PC \(i440FX \+ PIIX, 1996\) \(alias of pc-i440fx-7\.2\)\n/,
    )
    const names = stdout.split('\n').map((line) => line.split(' ')[0])
    expect(names).toEqual(expect.arrayContaining(['q35', 'pc-q35-7.2', 'pc-i440fx-2.12', 'isapc', 'none']))
    expect(names).not.toContain('pc-q35-8.0')
  })

  it('-m 0x40: is in MiB, as 64 is', () => {
    expect(parseSystemOptions(['-m', '0x40'], () => {}).memorySize).toBe(64 << 20)
  })

  it.each([
    [['-kernel', 'bzImage'], '-kernel: invalid option'],
    [['disk.img'], 'disk.img: disk images are not supported here'],
    [['-display', 'gtk'], '-display gtk: only none is supported here'],
    [['-chardev', 'stdio,id=x', '-mon', 'x'], '-mon x: only mode=control, which is QMP, is supported here'],
    [['-bios', '/nonexistent/bios'], "could not load PC BIOS '/nonexistent/bios'"],
    [['-M', 'pc,usb=on'], "-M pc,usb=on: machine property 'usb' is not supported here"],
    [['-as-qemu', '7.25'], 'qemu: unknown version "7.25"'],
  ])('%j: an error that names what is not supported', async (args, message) => {
    const { stdout, stderr, exitCode } = await say(args)
    const expected = `${PROGRAM}: ${message}`
    expect([stdout, stderr.slice(0, expected.length), exitCode]).toEqual(['', expected, 1])
  })
})
