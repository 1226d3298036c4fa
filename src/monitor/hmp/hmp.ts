// The few human monitor commands that concern a panic, as `human-monitor-command` gives them to a QMP client.

import { type PortWidth, readPort, writePort } from '../../bus/port-access.js'
import { hex } from '../../common/hex.js'
import type { Machine } from '../../machine/machine.js'
import { MachineError } from '../../machine/machine-error.js'
import type { QemuFacts } from '../../machine/qemu-versions.js'
import { LINE_END } from '../line-splitter.js'
import { NOT_SUSPENDED } from '../qmp/error.js'
import type { QmpVersion } from '../qmp/version.js'
import { HmpArguments, HmpError, skipBlanks } from './expression.js'
import { flatView } from './mtree.js'

/** What a command line may ask of. */
export interface HmpTarget {
  readonly machine: Machine
  /** The guest's name; undefined if it has none. */
  readonly name: string | undefined
  readonly uuid: string
  /** What the program is. */
  readonly version: QmpVersion
}

/** Characters of the longest command line. Without a limit a sum of a million numbers would hold up everybody else. */
const LONGEST_LINE = 4096

/** Runs command lines; like QEMU it remembers the size of the last `i` or `o` for the next one without a size. */
export class HumanMonitor {
  readonly #target: HmpTarget
  #size = 4

  constructor(target: HmpTarget) {
    this.#target = target
  }

  /** Runs `line` and gives what it printed. */
  run(line: string): string {
    if (line.length > LONGEST_LINE)
      return `a command line must not have more than ${LONGEST_LINE} characters${LINE_END}`
    const [, name = '', rest = ''] = /^[ \t-\r]*([^ \t-\r/]*)(.*)$/s.exec(line) ?? []
    if (name === 'info') return this.#info(rest)
    if (name === '' && skipBlanks(rest) === '') return ''
    return this.#answer(name, () => {
      if (name === 'i') return this.#portRead(new HmpArguments(name, rest))
      if (name === 'o') return this.#portWrite(new HmpArguments(name, rest))
      const command = HMP_COMMANDS.get(name)
      if (command === undefined) return `unknown command: '${name}'${LINE_END}`
      new HmpArguments(command.listedAs, rest).end()
      command.run(this.#target.machine)
      return ''
    })
  }

  #info(line: string): string {
    const [, topic = '', rest = ''] = /^[ \t-\r]*([^ \t-\r]*)(.*)$/s.exec(line) ?? []
    return this.#answer(`info ${topic}`, () => {
      const show = HMP_TOPICS.get(topic)
      if (show === undefined) return `unknown command: 'info ${topic}'${LINE_END}`
      new HmpArguments(topic, topic === 'mtree' ? withoutFlatOption(rest) : rest).end()
      return show(this.#target)
    })
  }

  #portRead(command: HmpArguments): string {
    const size = this.#chooseSize(command)
    const port = command.integer() & 0xffff
    command.end()
    const { bus } = this.#target.machine
    const width = widthOf(size)
    const value = readPort(bus, port, width)
    return `port${SUFFIXES[width]}[${hex(port, 4)}] = ${this.#facts.hmpPadsPort ? hex(value, 2 * size) : paddedWithPrefix(value, 2 * size)}${LINE_END}`
  }

  #portWrite(command: HmpArguments): string {
    const size = this.#chooseSize(command)
    const port = command.integer() & 0xffff
    const value = command.integer()
    command.end()
    const { bus } = this.#target.machine
    writePort(bus, port, widthOf(size), value)
    return ''
  }

  #answer(name: string, run: () => string): string {
    try {
      return run()
    } catch (error) {
      if (error instanceof MachineError) return `${this.#facts.hmpSaysError ? 'Error: ' : ''}${error.desc}${LINE_END}`
      if (!(error instanceof HmpError)) throw error
      return `${error.message}${LINE_END}Try "help ${name}" for more information${LINE_END}`
    }
  }

  get #facts(): QemuFacts {
    return this.#target.machine.qemu
  }

  #chooseSize(command: HmpArguments): number {
    this.#size = command.size() ?? this.#size
    return this.#size
  }
}

const SUFFIXES = { 1: 'b', 2: 'w', 4: 'l' } as const

/** QEMU does eight bytes as one. */
function widthOf(size: number): PortWidth {
  return size === 2 || size === 4 ? size : 1
}

interface HmpCommand {
  /** What messages call it. */
  readonly listedAs: string
  run(machine: Machine): void
}

const CONT: HmpCommand = { listedAs: 'cont|c', run: (machine) => machine.cont() }
const WAKE_UP: HmpCommand = {
  listedAs: 'system_wakeup',
  run: ({ qemu }) => {
    if (qemu.wakeupIsRefused) throw new MachineError(NOT_SUSPENDED)
  },
}
const STOP: HmpCommand = { listedAs: 'stop|s', run: (machine) => machine.stop() }
const QUIT: HmpCommand = { listedAs: 'quit|q', run: (machine) => machine.quit() }

/** The commands without arguments. */
export const HMP_COMMANDS: ReadonlyMap<string, HmpCommand> = new Map([
  ['cont', CONT],
  ['c', CONT],
  ['stop', STOP],
  ['s', STOP],
  ['quit', QUIT],
  ['q', QUIT],
  ['system_wakeup', WAKE_UP],
  ['system_reset', { listedAs: 'system_reset', run: (machine) => machine.reset() }],
  ['system_powerdown', { listedAs: 'system_powerdown', run: (machine) => machine.powerdown() }],
])

/** What `info` can show. */
export const HMP_TOPICS: ReadonlyMap<string, (target: HmpTarget) => string> = new Map([
  ['status', ({ machine }) => `VM status: ${describeState(machine)}${LINE_END}`],
  ['mtree', ({ machine }) => flatView(machine)],
  [
    'version',
    ({ version }) =>
      `${[version.qemu.major, version.qemu.minor, version.qemu.micro].join('.')}${version.package}${LINE_END}`,
  ],
  ['name', ({ name }) => (name === undefined ? '' : `${name}${LINE_END}`)],
  ['uuid', ({ uuid }) => `${uuid}${LINE_END}`],
])

function describeState({ runState }: Machine): string {
  if (runState === 'running' || runState === 'paused') return runState
  return `paused (${runState})`
}

/** `-f` asks for the flat view, which is the only one there is; without it that is what comes, too. */
function withoutFlatOption(rest: string): string {
  const [, option, after] = /^[ \t-\r]*-([^ \t-\r]?)(.*)$/s.exec(rest) ?? []
  if (option === undefined || after === undefined) return rest
  if (option !== '' && option !== 'f') throw new HmpError(`mtree: unsupported option -${option}`)
  return after
}

/** In hexadecimal as C's %#0*x writes it: the 0x counts as part of the width, and zero has none. */
function paddedWithPrefix(value: number, width: number): string {
  return value === 0 ? '0'.padStart(width, '0') : hex(value, width - 2)
}
