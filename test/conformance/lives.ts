// What the machines are asked: for each seed the same lives, each a way to start and a stream of inputs.

import { PVPANIC_PANICKED, PVPANIC_SHUTDOWN } from '../../src/devices/pvpanic.js'
import type { QemuFacts } from '../../src/machine/qemu-versions.js'
import { generator, type Random } from '../random.js'
import { type Actions, actionArguments, actionCombinations } from '../recordings/actions.js'
import { cNumber } from '../recordings/port-access.js'
import { portOperation } from '../recordings/random-steps.js'

/** How a machine is started. */
export interface Setup {
  /** Where the pvpanic device is, or null without one. */
  readonly iobase: number | null
  /** What a read of the device shows. */
  readonly events: number
  /** What `arguments` set. */
  readonly actions: Actions
  /** With `-S`. */
  readonly startPaused: boolean
  /** All of this as options of QEMU. */
  readonly arguments: readonly string[]
}

/** One machine from its start to its end or to the end of the stream. */
export interface Life {
  readonly setup: Setup
  /** As recordings write them: a qtest line, a QMP command and its arguments as JSON, or the name of a signal. */
  readonly inputs: readonly string[]
}

/** Where the device is put: at each kind of neighbour, where it shadows one, unaligned and aligned, at both ends. */
export const POSITIONS: readonly (number | null)[] = [
  null,
  ...ports(0x00, 0x10), // first DMA controller, and the port after it
  ...[0x80, 0x81, 0x82, 0x83, 0x84, 0x87, 0x88, 0x89, 0x8b, 0x8f], // DMA pages, and the gaps between them
  ...[0xc0, 0xc1, 0xc2, 0xc4, 0xcf, 0xd0, 0xd1, 0xde, 0xdf], // second DMA controller
  ...[0x20, 0x61, 0x70, 0x92, 0xf0, 0x3f2, 0x510, 0xcf8, 0x5658, 0xaf00], // in place of other devices
  ...[0x505, 0x506, 0x507, 0x508], // among unassigned ports
  ...ports(0xfffc, 0xffff), // last ports
]

/** Inputs in a life that nothing ends early. */
export const LIFE_INPUTS = 1_000

const COMMAND_SHARE = 0.05
const START_PAUSED_SHARE = 0.1
const UNUSUAL_NUMBER_SHARE = 0.05
/** Of the inputs that would end the machine, those that are let through; the rest of the stream needs it alive. */
const ENDING_SHARE = 0.02
const EVENTS = [3, 3, 3, 0, 1, 2, 4, 7, 0x80, 0xff]

/** The human monitor's letters for 1, 2 and 4 bytes, by those of qtest. */
const MONITOR_SIZES: Readonly<Record<string, string>> = { b: 'b', w: 'h', l: 'w' }

/** Commands that steer the machine. One that is written twice comes twice as often. */
const STEERING = [
  ...['system_reset', 'system_reset', 'stop', 'stop', 'cont', 'cont', 'cont', 'cont', 'cont', 'cont'],
  ...['set-action', 'set-action', 'query-status', 'system_powerdown', 'quit', 'SIGTERM'],
]

/** What only a monitor has: more ways to the same ports and properties, and errors. */
const MONITOR = [
  ...['i', 'i', 'i', 'o', 'o', 'o', 'info status', 'query-name', 'query-uuid', 'system_wakeup'],
  ...['qom-get ioport', 'qom-get events', 'nope', 'set-action {"panic":"bogus"}', 'set-action {"foo":"pause"}'],
  ...['set-action {"panic":1}', 'stop {"now":true}', 'human-monitor-command {}', 'SIGINT', 'SIGHUP'],
  'device_add {"driver":"pvpanic"}',
]

/** Commands that came with -action. */
const SETS_ACTION = /^set-action/

export interface LifeOptions {
  /** What the QEMU can be told, and has. */
  readonly qemu: QemuFacts
  /** Whether there is a monitor. */
  readonly withMonitor: boolean
}

/**
 * The life number `index` of a seed. Neighbouring lives differ in position and actions, and every pair of the two comes
 * up: the numbers of positions and of combinations have no common divisor.
 */
export function planLife(seed: number, index: number, { qemu, withMonitor }: LifeOptions): Life {
  const random = generator(seed + index * 0x9e37_79b9)
  const setup = planSetup(random, index, qemu)
  const commands = [...STEERING, ...(withMonitor ? MONITOR : [])].filter(
    (command) => qemu.actions || !SETS_ACTION.test(command),
  )
  const stream = new Stream(random, setup, commands, qemu)
  const inputs = Array.from({ length: LIFE_INPUTS - 3 }, () => stream.next())
  return { setup, inputs: [...inputs, ...stream.ending()] }
}

function planSetup(random: Random, index: number, qemu: QemuFacts): Setup {
  const iobase = POSITIONS[index % POSITIONS.length] ?? null
  const combinations = actionCombinations(qemu)
  const actions = combinations[index % combinations.length]
  if (actions === undefined) throw new RangeError(`no combination of actions for life ${index}`)
  const events = random.pick(EVENTS)
  const startPaused = random.chance(START_PAUSED_SHARE)
  const device = iobase === null ? [] : ['-device', `pvpanic,ioport=${iobase},events=${events}`]
  return {
    iobase,
    events,
    actions,
    startPaused,
    arguments: [
      ...device,
      ...actionArguments(actions, qemu, qemu.actions && random.chance(0.5)),
      ...(startPaused ? ['-S'] : []),
    ],
  }
}

/** Draws inputs, and keeps those rare that end the machine. */
class Stream {
  #actions: Actions

  constructor(
    readonly random: Random,
    readonly setup: Setup,
    readonly commands: readonly string[],
    readonly qemu: QemuFacts,
  ) {
    this.#actions = setup.actions
  }

  next(): string {
    for (;;) {
      const input = this.random.chance(COMMAND_SHARE) ? this.#command() : this.#portOperation()
      if (this.#ends(input) && !this.random.chance(ENDING_SHARE)) continue
      return this.#noteActions(input)
    }
  }

  /** Three inputs, of which one at least is meant to end the machine. */
  ending(): string[] {
    const { iobase } = this.setup
    const panic = iobase === null ? 'outb 0x505 0x1' : `outb 0x${iobase.toString(16)} 0x1`
    const end = this.random.pick(['quit', 'SIGTERM'])
    if (!this.qemu.actions) return [this.next(), this.random.pick(['system_reset', panic, this.next()]), end]
    return this.random.pick([
      [this.next(), this.next(), end],
      [this.#randomActions(), 'system_reset', end],
      [this.#randomActions(), panic, end],
      ['set-action {"panic":"exit-failure","shutdown":"poweroff"}', panic, end],
    ])
  }

  #portOperation(): string {
    const input = portOperation(this.random, this.setup.iobase)
    return this.random.chance(UNUSUAL_NUMBER_SHARE) ? withUnusualPort(this.random, input) : input
  }

  #command(): string {
    const { random } = this
    const command = random.pick(this.commands)
    switch (command) {
      case 'set-action':
        return this.#randomActions()
      case 'info status':
        return commandLine(command)
      case 'i':
      case 'o':
        return this.#monitorAccess(command)
      case 'qom-get ioport':
      case 'qom-get events':
        return `qom-get {"path":"/machine/peripheral-anon/device[0]","property":"${command.slice('qom-get '.length)}"}`
      default:
        return command
    }
  }

  /** The same kind of access as by qtest, by way of the human monitor. */
  #monitorAccess(command: 'i' | 'o'): string {
    for (;;) {
      const [name = '', port, value] = portOperation(this.random, this.setup.iobase).split(' ')
      if (!name.startsWith(command)) continue
      const size = MONITOR_SIZES[name.slice(-1)]
      if (command === 'i') return commandLine(`i /${size} ${port}`)
      // The human monitor takes an expression of signed numbers. How it reads the others is its own affair.
      if (/^0x[0-9a-f]{1,7}$/.test(value ?? '')) return commandLine(`o /${size} ${port} ${value}`)
    }
  }

  #randomActions(): string {
    const { random } = this
    const actions: Partial<Record<keyof Actions, string>> = {}
    if (random.chance(0.6)) actions.panic = random.pick(['pause', 'shutdown', 'exit-failure', 'none'])
    if (random.chance(0.4)) actions.shutdown = random.pick(['poweroff', 'pause'])
    if (random.chance(0.4)) actions.reboot = random.pick(['reset', 'shutdown'])
    return this.#noteActions(`set-action ${JSON.stringify(actions)}`)
  }

  #noteActions(input: string): string {
    const [, members] = /^set-action (.*)$/.exec(input) ?? []
    if (members !== undefined && !/bogus|foo|1/.test(members)) {
      this.#actions = { ...this.#actions, ...(JSON.parse(members) as Partial<Actions>) }
    }
    return input
  }

  /** Whether it may end the machine. This only weighs the draw: what must happen is QEMU's to say. */
  #ends(input: string): boolean {
    const { panic, shutdown, reboot } = this.#actions
    if (input === 'quit' || input.startsWith('SIG')) return true
    if (shutdown === 'pause') return false
    if (input === 'system_reset') return reboot === 'shutdown'
    const ending =
      (panic === 'pause' || panic === 'none' ? 0 : PVPANIC_PANICKED) | (this.qemu.knownEvents & PVPANIC_SHUTDOWN)
    return mayReport(this.setup.iobase, input, ending)
  }
}

function ports(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}

function commandLine(line: string): string {
  return `human-monitor-command {"command-line":"${line}"}`
}

function withUnusualPort(random: Random, input: string): string {
  const [operation, port, ...value] = input.split(' ')
  const number = Number(port)
  return [
    operation,
    random.pick([String(number), `0${number.toString(8)}`, `0X${number.toString(16).toUpperCase()}`]),
    ...value,
  ].join(' ')
}

const WRITE = /^(?:out[bwl]|human-monitor-command .*"o \/[bhw]) (?<port>\S+) (?<value>[^"]+)/
const WIDEST_ACCESS = 4
const EACH_BYTE = 0x01010101

/** Whether it writes to the device, or so close that a wide access might reach it. */
export function writesNear(iobase: number | null, input: string): boolean {
  const { port } = WRITE.exec(input)?.groups ?? {}
  return port !== undefined && iobase !== null && Math.abs(cNumber(port) - iobase) <= 2 * WIDEST_ACCESS
}

/** Whether it may give the device a byte with one of these bits. */
function mayReport(iobase: number | null, input: string, bits: number): boolean {
  const { value } = WRITE.exec(input)?.groups ?? {}
  return value !== undefined && (cNumber(value) & (bits * EACH_BYTE)) !== 0 && writesNear(iobase, input)
}
