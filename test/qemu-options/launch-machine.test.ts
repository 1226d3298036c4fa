// A machine from a QEMU command line, held against what QEMU 7.2 made of the same one.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { MachineError } from '../../src/machine/machine-error.js'
import { type LaunchOptions, launchMachine } from '../../src/qemu-options/launch-machine.js'

/** A port that was read and what it gave, or the words of refusal. */
type Outcome = { readonly arguments: readonly string[] } & (
  | { readonly port: number; readonly value: number; readonly refusal?: undefined }
  | { readonly refusal: string }
)
const { outcomes } = JSON.parse(
  readFileSync(new URL('../libvirt/recordings/launch.json', import.meta.url), 'utf8'),
) as {
  outcomes: readonly Outcome[]
}

const ports = (args: string[], options?: LaunchOptions) =>
  launchMachine(args, options).pvpanics.map(({ source, iobase }) => `${source} ${iobase}`)

describe('the devices of a command line', () => {
  it.each([
    ['nothing', [], []],
    ['a device', ['-device', 'pvpanic'], ['device 1285']],
    ['a device at a port', ['-device', 'pvpanic,ioport=0x506'], ['device 1286']],
    ['a device in JSON', ['-device', '{"driver":"pvpanic","ioport":1286}'], ['device 1286']],
    ['other devices', ['-device', 'isa-debug-exit,iobase=0xf4', '-device', 'pvpanic,events=1'], ['device 1285']],
    ['a global', ['-device', 'pvpanic', '-global', 'pvpanic.ioport=0'], ['device 0']],
    ['a device that overrides a global', ['-global', 'pvpanic.ioport=0', '-device', 'pvpanic,ioport=7'], ['device 7']],
    ['a global for another device', ['-global', 'isa-debug-exit.iobase=1', '-device', 'pvpanic'], ['device 1285']],
    ['a wrong global without a device', ['-global', 'pvpanic.iobase=0'], []],
  ])('%s', (_, args, expected) => {
    expect(ports(args)).toEqual(expected)
  })

  it('come after the builtin one, which only a global moves', () => {
    const old = { qemu: '1.5.0', machineType: 'pc-1.5' }
    expect(ports([], old)).toEqual(['builtin 1285'])
    expect(ports(['-global', 'pvpanic.ioport=0'], old)).toEqual(['builtin 0'])
    expect(ports(['-global', 'pvpanic.ioport=0', '-device', 'pvpanic,ioport=1285'], old)).toEqual([
      'builtin 0',
      'device 1285',
    ])
  })
})

describe('a command line as recorded', () => {
  it.each(outcomes)('$arguments: a read of the port, or a refusal', ({ arguments: args, ...expected }) => {
    const launch = () => launchMachine(args, { qemu: '7.2' })
    if (expected.refusal !== undefined) expect(launch).toThrow(new MachineError(expected.refusal))
    else expect(launch().bus.inb(expected.port)).toBe(expected.value)
  })

  it('starts no machine where QEMU would print help', () => {
    expect(() => launchMachine(['-device', 'pvpanic,help'])).toThrow(
      new MachineError('an option asks for help, so that no machine starts'),
    )
  })
})

describe('a command line that QEMU refuses', () => {
  it.each([
    [['-device', 'isa-pvpanic'], "'isa-pvpanic' is not a valid device model name"],
    [['-device', 'pvpanic,iobase=0'], "Property 'pvpanic.iobase' not found"],
    [['-device', 'pvpanic,ioport=-1'], "Parameter 'ioport' expects uint16_t"],
    [['-device', 'pvpanic,ioport=0x10000'], "Parameter 'ioport' expects uint16_t"],
    [['-device', 'pvpanic,ioport=abc'], "Parameter 'ioport' expects integer"],
    [['-device', 'pvpanic,ioport='], "Parameter 'ioport' expects integer"],
    [
      ['-device', 'pvpanic', '-global', 'pvpanic.ioport=0x10000'],
      "-device pvpanic: can't apply global pvpanic.ioport=0x10000: Parameter 'ioport' expects uint16_t",
    ],
    [['-device', 'pvpanic', '-device', 'pvpanic'], 'duplicate fw_cfg file name: etc/pvpanic-port'],
    [['-device', '{"driver"'], 'JSON parse error'],
    [['-action', 'panic=foo'], "Parameter 'panic' does not accept value 'foo'"],
    [['-action', 'foo=pause'], "Invalid parameter 'foo'"],
  ])('%j', (args, reason) => {
    expect(() => launchMachine(args)).toThrow(reason)
  })
})

describe('the actions of a command line', () => {
  // QEMU 7.2: what one panic led to, seen over qtest.
  it.each([
    [[], 'shutdown', 0],
    [['-action', 'panic=exit-failure'], 'shutdown', 1],
    [['-no-shutdown'], 'guest-panicked', undefined],
    [['-no-shutdown', '-action', 'shutdown=poweroff'], 'shutdown', 0],
    [['-action', 'shutdown=poweroff', '-no-shutdown'], 'guest-panicked', undefined],
    [['-action', 'panic=pause'], 'guest-panicked', undefined],
    [['-action', 'panic=none,panic=pause'], 'guest-panicked', undefined],
    [['-action', 'panic=none'], 'running', undefined],
  ])('%j: a panic leads to %s, exit code %s', (args, runState, exitCode) => {
    const machine = launchMachine([...args, '-device', 'pvpanic'])
    machine.cont()
    machine.bus.outb(0x505, 1)
    expect([machine.runState, machine.exitCode]).toEqual([runState, exitCode])
  })

  it('-no-reboot ends a machine that is reset', () => {
    const machine = launchMachine(['-no-reboot'])
    machine.cont()
    machine.reset()
    expect(machine.exitCode).toBe(0)
  })
})
