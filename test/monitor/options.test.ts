// Holds the reading of QEMU's options against what a real QEMU said of the same ones.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseSystemOptions } from '../../src/cli/qemu-options.js'
import { NEXT_COMPLAINT, startSystem } from '../../src/cli/system.js'
import { HelpRequest, OptionError } from '../../src/monitor/qemu-keyval.js'

interface Outcome {
  readonly arguments: readonly string[]
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number | null
}

const { outcomes } = JSON.parse(readFileSync(new URL('recordings/options.json', import.meta.url), 'utf8')) as {
  outcomes: Outcome[]
}
const PROGRAM = 'qemu-system-x86_64'

/** What we say, as the process would write it. */
async function say(args: readonly string[]): Promise<Omit<Outcome, 'arguments'>> {
  let stderr = ''
  const complain = (text: string) => {
    stderr += `${PROGRAM}: ${text.replaceAll(NEXT_COMPLAINT, `${PROGRAM}: `)}\n`
  }
  const common = ['-nodefaults', '-display', 'none', '-S', '-as-qemu', '7.2']
  try {
    const { server } = await startSystem([...common, ...args], complain)
    await server.close()
    return { stdout: '', stderr, exitCode: null }
  } catch (error) {
    if (error instanceof HelpRequest) return { stdout: error.text, stderr, exitCode: error.exitCode }
    if (!(error instanceof OptionError)) throw error
    complain(error.message)
    return { stdout: '', stderr, exitCode: 1 }
  }
}

describe('the options of pvpanic-system-x86_64', () => {
  it.each(outcomes)('$arguments: as QEMU', async ({ arguments: args, ...expected }) => {
    expect(await say(args)).toEqual(expected)
  })

  it('count the device that the board of 1.5 brings, which only a global moves', () => {
    const old = ['-as-qemu', '1.5.0', '-M', 'pc-i440fx-1.5']
    const { machine, deviceIds } = parseSystemOptions(
      [...old, '-global', 'pvpanic.ioport=0', '-device', 'pvpanic,id=added'],
      () => {},
    )
    expect([machine.iobase, machine.secondIobase, deviceIds]).toEqual([0, 0, [undefined, 'added']])
    expect(parseSystemOptions(old, () => {}).machine.iobase).toBe(0x505)
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
    const { stderr, exitCode } = await say(args)
    expect([stderr.startsWith(`${PROGRAM}: ${message}`), exitCode, stderr]).toEqual([true, 1, stderr])
  })
})
