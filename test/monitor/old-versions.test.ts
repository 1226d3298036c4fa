// Holds QMP, the human monitor, the object tree and the options against what QEMU 1.5.0 to 5.2 said.

import { describe, expect, it } from 'vitest'
import { Machine } from '../../src/machine/machine.js'
import type { MachineOptions } from '../../src/machine/machine-options.js'
import { QmpMonitor } from '../../src/monitor/qmp/monitor.js'
import { QmpSession } from '../../src/monitor/qmp/session.js'
import { QtestSession } from '../../src/monitor/qtest/session.js'
import { parseSystemOptions } from '../../src/qemu-options/command-line.js'
import { HelpRequest, OptionError } from '../../src/qemu-options/keyval.js'
import { type OldVersion, readOldVersions } from './old-versions.js'

const versions = readOldVersions()

/** A machine with a QMP client that has said nothing yet. */
class Ours {
  readonly machine: Machine
  readonly #qmp: QmpSession
  readonly #qtest: QtestSession
  #output = ''
  #replies = ''

  constructor(options: MachineOptions) {
    this.machine = new Machine(options)
    this.#qmp = new QmpSession(new QmpMonitor(this.machine, { package: '' }), {
      send: (bytes) => {
        this.#output += Buffer.from(bytes).toString('latin1')
      },
    })
    this.#qtest = new QtestSession(this.machine, {
      send: (bytes) => {
        this.#replies += Buffer.from(bytes).toString('latin1')
      },
    })
    this.#qmp.start()
  }

  /** The lines that come in answer, without the times of events. */
  say(text: string): string[] {
    this.#qmp.receive(Buffer.from(text))
    return this.lines()
  }

  lines(): string[] {
    const lines = this.#output.split('\r\n').slice(0, -1)
    this.#output = ''
    return lines.map((line) => line.replace(/"timestamp": {[^}]*}/, '"timestamp": {}'))
  }

  /** Does a step of a recorded life: `qmp COMMAND [ARGUMENTS]`, or a line of qtest. */
  do(op: string): unknown {
    const [, command, args] = /^qmp (\S+)(?: (.*))?$/.exec(op) ?? []
    if (command === undefined) {
      this.#replies = ''
      this.#qtest.receive(Buffer.from(`${op}\n`))
      return this.#replies.trimEnd()
    }
    const request =
      args === undefined ? { execute: command } : { execute: command, arguments: JSON.parse(args) as unknown }
    const answers = this.say(JSON.stringify(request)).map((line) => JSON.parse(line) as object)
    return answers.find((answer) => !('event' in answer))
  }
}

/** The options of the machine that the recordings were made with: where the board has no pvpanic it was asked for. */
function machineOptions(version: string): MachineOptions {
  const isBuiltin = version.startsWith('1.5') || version.startsWith('1.6')
  const machineType = isBuiltin ? ['-machine', 'pc-i440fx-1.5'] : []
  return parseSystemOptions(
    ['-as-qemu', version, ...machineType, ...(isBuiltin ? [] : ['-device', 'pvpanic'])],
    () => {},
  ).machine
}

/** Not everything was asked of every version. */
function itIf(wasAsked: unknown, name: string, run: () => void): void {
  if (wasAsked) it(name, run)
}

describe.each(versions.map((recorded) => [recorded.version, recorded] as const))('as QEMU %s', (version, recorded) => {
  itIf(recorded.greeting, 'greets, negotiates and answers over QMP', () => {
    const ours = new Ours({ qemu: version })
    expect(ours.lines()).toEqual([recorded.greeting?.replace(/"package": "[^"]*"/, '"package": ""')])
    const answer = (send: string): unknown => JSON.parse(ours.say(send)[0] ?? 'null')
    expect(answer('{"execute":"query-status"}')).toEqual(recorded.beforeNegotiation)
    ours.say('{"execute":"qmp_capabilities"}')
    const answers = recorded.answers?.map(([send]) => [send, answer(send)])
    expect(answers).toEqual(recorded.answers)
  })

  it('puts replies and events in the same order on the wire', () => {
    const ours = new Ours({ ...machineOptions(version), shutdownAction: 'pause', onPanic: 'preserve' })
    ours.say('{"execute":"qmp_capabilities"}')
    const order = recorded.order.map(([command]): OldVersion['order'][number] => {
      if (command === 'P') {
        ours.machine.bus.outb(0x505, 1)
        return [command, ours.lines()]
      }
      const isHuman = command === 'human-monitor-command'
      const args = isHuman ? { arguments: { 'command-line': 'stop' } } : {}
      return [command, ours.say(JSON.stringify({ execute: command, ...args }))]
    })
    expect(order).toEqual(recorded.order)
  })

  itIf(recorded.device, 'shows the device in the object tree', () => {
    const ours = new Ours(machineOptions(version))
    ours.say('{"execute":"qmp_capabilities"}')
    const path = recorded.device
    const ask = (execute: string, args: object) => {
      return JSON.parse(ours.say(JSON.stringify({ execute, arguments: { path, ...args } }))[0] ?? '') as {
        return: unknown
      }
    }
    const listed = ask('qom-list', {}).return as { name: string; type: string }[]
    const properties = listed.map(({ name, type }) => [name, type, ask('qom-get', { property: name })])
    const refusal = ['set ioport', null, ask('qom-set', { property: 'ioport', value: 0 })]
    // The order before 2.8 is that of a list that grew at both ends.
    const sorted = (rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row)).sort()
    expect(sorted([...properties, refusal])).toEqual(sorted(recorded.properties ?? []))
  })

  itIf(recorded.human.length, 'answers the human monitor', () => {
    const ours = new Ours(machineOptions(version))
    ours.say('{"execute":"qmp_capabilities"}')
    // There are no disks here that savevm could ask for.
    const asked = recorded.human.filter(({ op }) => !op.includes('savevm'))
    const end = asked.findIndex(({ status }) => typeof status !== 'string')
    const steps = asked.slice(0, end === -1 ? asked.length : end)
    expect(steps.map(({ op }) => [op, ours.do(op), ours.machine.runState])).toEqual(
      steps.map(({ op, reply, status }) => [op, reply, status]),
    )
  })

  itIf(recorded.help.length, 'helps', () => {
    // Of a list of all devices only the lines about these devices were kept.
    const isKept = (line: string) => !/^$|devices:$/.test(line)
    const lines = (text: string) =>
      text
        .replace(/ \[only lines.*/, '')
        .split('\n')
        .filter(isKept)
        .map((line) => line.replace(/, categories .*/, ''))
        .sort()
    for (const { line, code, stdout, stderr } of recorded.help) {
      const outcome = start(['-as-qemu', version, ...line.split(' ')])
      expect([line, outcome.exitCode, lines(outcome.stdout), lines(outcome.stderr)]).toEqual([
        line,
        code,
        lines(stdout),
        lines(stderr),
      ])
    }
  })

  it('accepts and refuses the same command lines in the same words', () => {
    // Which classes a real QEMU knows, beside these devices, is not known here.
    const starts = recorded.starts.filter(({ args }) => !args.includes('nosuch'))
    const outcomes = starts.map(({ machine, args }) => {
      const machineType = machine === 'default' ? [] : ['-machine', machine]
      const { stderr } = start(['-as-qemu', version, ...machineType, ...args.split(' ').filter((word) => word !== '')])
      return { machine, args, stderr }
    })
    expect(outcomes).toEqual(starts)
  })
})

interface Outcome {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number | undefined
}

function start(args: readonly string[]): Outcome {
  let stderr = ''
  const complain = (text: string) => {
    // The recordings were made with machine types that a later version warns of; warnings have a test of their own.
    if (!text.startsWith('warning: Machine type')) stderr += `qemu-system-x86_64: ${text}\n`
  }
  try {
    void new Machine(parseSystemOptions(args, complain).machine)
    return { stdout: '', stderr, exitCode: undefined }
  } catch (error) {
    if (error instanceof HelpRequest)
      return { stdout: '', stderr: '', [error.output]: error.text, exitCode: error.exitCode }
    if (!(error instanceof OptionError)) throw error
    complain(error.message)
    return { stdout: '', stderr, exitCode: 1 }
  }
}
