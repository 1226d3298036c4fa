// QEMU command lines in any order and any shape: a machine, a text of help, or an error in QEMU's manner.

import { ok } from 'node:assert'
import { Machine } from '../../src/machine/machine.js'
import { MachineError } from '../../src/machine/machine-error.js'
import { parseSystemOptions } from '../../src/qemu-options/command-line.js'
import { HelpRequest, OptionError } from '../../src/qemu-options/keyval.js'
import { launchMachine } from '../../src/qemu-options/launch-machine.js'
import { OPTION_BY_NAME } from '../../src/qemu-options/options.js'
import type { Random } from '../random.js'
import { mutateText } from './mutate.js'
import type { FuzzTarget, Tally } from './target.js'

const COMMAND_LINES = 30

function run(random: Random, tally: Tally): void {
  for (let left = COMMAND_LINES; left > 0; left--) {
    tally.inputs++
    const args = Array.from({ length: random.below(6) }, () => option(random)).flat()
    startOrRefuse(() => new Machine(parseSystemOptions(args, () => {}).machine))
    startOrRefuse(() => launchMachine(args))
  }
}

function startOrRefuse(start: () => Machine): void {
  try {
    const machine = start()
    ok(machine.exitCode === undefined)
    machine.bus.outl(0x504, 0xffffffff)
  } catch (error) {
    const isAnswer = error instanceof OptionError || error instanceof HelpRequest || error instanceof MachineError
    if (!isAnswer) throw error
    ok(error.message !== undefined)
  }
}

function option(random: Random): string[] {
  const name = random.chance(0.95) ? random.pick(NAMES) : random.pick(['none-such', '__proto__', 'constructor', ''])
  const argument = random.chance(0.7) ? random.pick(ARGUMENTS) : `${random.pick(ARGUMENTS)},${random.pick(ARGUMENTS)}`
  const words = [`${random.chance(0.9) ? '-' : '--'}${name}`, argument]
  const damaged = words.map((word) => (random.chance(0.2) ? mutateText(random, word, PIECES) : word))
  return random.chance(0.05) ? damaged.slice(1) : damaged
}

const NAMES = [...[...OPTION_BY_NAME.keys()], 'device', 'device', 'global', 'action', 'machine']
const PIECES = [
  ',',
  ',,',
  '=',
  '{',
  '}',
  '"',
  '[',
  '.',
  ':',
  '0x',
  '-1',
  '\0',
  '\xff',
  'ioport=',
  '0'.repeat(300),
  'x'.repeat(500),
]
const ARGUMENTS = ['pvpanic', 'isa-debug-exit', 'ioport=0x505', 'iobase=0xf4', 'events=3', 'id=a', '{"driver":"pvpanic","ioport":1286}', 'pvpanic.ioport=0', 'driver=pvpanic,property=ioport,value=0', 'panic=pause', 'panic=none', 'shutdown=pause', 'reboot=shutdown', 'pc', 'q35', 'pc-i440fx-1.5', 'none', 'help', '?', '1.5.0', '7.2', '10.0', '64', '1G', '64,slots=2,maxmem=1G', 'unix:/tmp/x,server=on,wait=off', 'tcp:127.0.0.1:0,server', 'socket,id=c,path=/tmp/x,server=on', 'chardev=c,mode=control', 'guest=vm', '12345678-1234-1234-1234-123456789abc', 'tcg', 'bus=isa.0', 'on', 'off', ''] // biome-ignore format: one list

export const optionsTarget: FuzzTarget = { name: 'options', run }
