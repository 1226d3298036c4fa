// Holds QMP sessions against recorded conversations with a real QEMU, byte for byte.

import { describe, expect, it } from 'vitest'
import { Machine } from '../../src/machine/machine.js'
import { QmpMonitor } from '../../src/monitor/qmp/monitor.js'
import { QmpSession } from '../../src/monitor/qmp/session.js'
import { parseSystemOptions } from '../../src/qemu-options/command-line.js'
import { bytesOf, type Exchange, type Lines, normalise, RESYNC, readQmpRecording, type Send } from './qmp-recording.js'

const LONGEST_MS = 120_000
/** The series that were recorded. */
const SERIES = ['11.1', '10.0', '7.2']

/** Our side of a conversation, started with QEMU's own arguments. */
class Ours {
  readonly machine: Machine
  readonly #session: QmpSession
  #output: string[] = []

  constructor(version: string, args: readonly string[]) {
    const options = parseSystemOptions([...args, '-as-qemu', version], () => {})
    this.machine = new Machine(options.machine)
    const monitor = new QmpMonitor(this.machine, {
      deviceIds: options.deviceIds,
      ...(options.preconfig && { onPreconfigEnd: () => this.machine.cont() }),
      ...(options.name !== undefined && { name: options.name }),
      ...(options.uuid !== undefined && { uuid: options.uuid }),
    })
    this.#session = new QmpSession(monitor, {
      send: (bytes) => this.#output.push(Buffer.from(bytes).toString('latin1')),
      close: () => this.#output.push('(end)'),
    })
    this.#session.start()
  }

  say(send: Send): void {
    for (const bytes of bytesOf(send)) this.#session.receive(bytes)
  }

  take(): string {
    const output = this.#output.join('')
    this.#output = []
    return output
  }
}

/** QEMU repeats an id of infinity as `inf`, at which every JSON parser stops; here it is a number that reads back as infinity. */
function inJson(lines: Lines): Lines {
  return lines.map((line) =>
    line === '{"return": {}, "id": [inf, -inf]}' ? '{"return": {}, "id": [1e999, -1e999]}' : line,
  )
}

function replay(ours: Ours, exchanges: readonly Exchange[]): Exchange[] {
  return exchanges.map(({ send }) => {
    ours.say(send)
    return { send, output: normalise(ours.take()) }
  })
}

const isLong = (send: Send) => typeof send !== 'string' && send.times > 1 << 20
const outputs = (exchanges: readonly Exchange[]) => exchanges.flatMap(({ output }) => output)

describe.each(SERIES)('a QMP session answers as QEMU %s did', (series) => {
  const recording = readQmpRecording(series)
  const [, version = ''] = /version (\S+)/.exec(recording.program) ?? []

  // Some send 64 MiB.
  it.each(recording.conversations)(
    '$title',
    { timeout: LONGEST_MS },
    ({ arguments: args, greeting, exchanges: recorded }) => {
      const exchanges = recorded.map(({ send, output }) => ({ send, output: inJson(output) }))
      const ours = new Ours(version, args)
      expect(normalise(ours.take())).toEqual(greeting)
      const answered = replay(ours, exchanges)
      // QEMU works for minutes on some inputs: there an answer can have been recorded after what was sent next.
      if (exchanges.some(({ send }) => isLong(send))) expect(outputs(answered)).toEqual(outputs(exchanges))
      else expect(answered).toEqual(exchanges)
    },
  )

  it('random pieces of JSON', () => {
    const ours = new Ours(version, [])
    ours.say('{"execute":"qmp_capabilities"}')
    ours.take()
    for (const { send, output } of recording.fuzz) {
      ours.say(`${send}${RESYNC}`)
      expect({ send, output: normalise(ours.take()) }).toEqual({ send, output })
    }
  })

  it('the same, whatever pieces the bytes come in', () => {
    const ours = new Ours(version, [])
    ours.say('{"execute":"qmp_capabilities"}')
    ours.take()
    for (const { send, output } of recording.fuzz.slice(0, 200)) {
      for (const byte of `${send}${RESYNC}`) ours.say(byte)
      expect({ send, output: normalise(ours.take()) }).toEqual({ send, output })
    }
  })

  it('query-commands lists those it has in the order of QEMU', () => {
    const ours = new Ours(version, [])
    ours.say('{"execute":"qmp_capabilities"}')
    ours.take()
    ours.say('{"execute":"query-commands"}')
    const reply = JSON.parse(ours.take()) as { return: { name: string }[] }
    const names = reply.return.map(({ name }) => name)
    expect(names).toEqual(recording.commands.filter((name) => names.includes(name)))
  })

  it.each(recording.trees)('info mtree -f with the device at port $ioport', ({ ioport, lines }) => {
    const ours = new Ours(version, ['-device', `pvpanic,ioport=${ioport}`])
    ours.say('{"execute":"qmp_capabilities"}')
    ours.take()
    ours.say('{"execute":"human-monitor-command","arguments":{"command-line":"info mtree -f"}}')
    const reply = JSON.parse(ours.take()) as { return: string }
    expect(reply.return.split('\r\n').filter((line) => /: (dma-|pvpanic)/.test(line))).toEqual(lines)
  })
})
