// save() and load(): everything comes back, damaged states change nothing.

import { describe, expect, it } from 'vitest'
import { Machine, type MachineState } from '../../src/index.js'

/** A machine with something in every field of its state. */
function used(): Machine {
  const machine = new Machine({ qemu: '7.2', onPanic: 'reset', clock: () => 12.5 })
  const { bus } = machine
  for (const [port, value] of [[0x0e, 0], [0x04, 0x34], [0x04, 0x12], [0x05, 9], [0x0b, 0x56], [0x81, 7]] as const) bus.outb(port, value) // biome-ignore format: one program
  bus.outb(0x09, 5)
  bus.outb(0x505, 1)
  bus.outb(0x505, 0x82)
  bus.outw(0xc0, 0xbeef)
  bus.outb(0xd0, 4)
  bus.outb(0xc2, 1)
  machine.stop()
  return machine
}
const overJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe('a saved machine', () => {
  it('comes back whole through JSON', () => {
    const saved = used().save()
    const machine = new Machine({ qemu: '7.2' })
    expect(machine.load(overJson(saved))).toEqual([])
    expect(machine.save()).toEqual(saved)
    expect([machine.runState, machine.bus.inb(0x81), machine.panics.total]).toEqual(['paused', 7, 2])
  })

  it('shares nothing with the machine it came from', () => {
    const machine = used()
    const saved = machine.save()
    const before = JSON.stringify(saved)
    machine.bus.outb(0x505, 1)
    machine.bus.outb(0x81, 9)
    expect(JSON.stringify(saved)).toBe(before)
  })

  it('that has ended stays so', () => {
    const ended = new Machine({ onPanic: 'destroy', panicExitCode: 1 })
    ended.bus.outb(0x505, 1)
    const machine = new Machine()
    machine.load(ended.save())
    expect([machine.runState, machine.exitCode]).toEqual(['shutdown', 1])
  })

  it('goes on counting panics in a row where it stood', () => {
    const first = new Machine({ onPanic: 'reset', resetLimit: 1 })
    first.bus.outb(0x505, 1)
    const second = new Machine({ onPanic: 'reset', resetLimit: 1 })
    second.load(first.save())
    second.bus.outb(0x505, 1)
    expect(second.runState).toBe('guest-panicked')
  })

  it('pauses or resumes the CPU as the run state asks', () => {
    const calls: string[] = []
    const cpu = { pause: () => calls.push('pause'), resume: () => calls.push('resume'), reset() {}, powerOff() {} }
    const machine = new Machine({ cpu })
    machine.load(used().save())
    machine.load(new Machine().save())
    expect(calls).toEqual(['pause', 'resume'])
  })

  it('leaves the CPU alone where it runs or stands as it should', () => {
    const calls: string[] = []
    const call = (name: string) => () => calls.push(name)
    const cpu = { pause: call('pause'), resume: call('resume'), reset: call('reset'), powerOff: call('powerOff') }
    const running = new Machine({ cpu })
    running.load(new Machine().save())
    const standing = new Machine({ cpu, startPaused: true })
    standing.load(used().save())
    expect(calls).toEqual([])
  })

  it('that has ended ends the machine that loads it, CPU included', () => {
    const calls: string[] = []
    const cpu = { pause: () => calls.push('pause'), resume() {}, reset() {}, powerOff: () => calls.push('powerOff') }
    const machine = new Machine({ cpu })
    machine.onEnd((exitCode) => calls.push(`end ${exitCode}`))
    const ended = new Machine()
    ended.quit()
    machine.load(ended.save())
    expect(calls).toEqual(['powerOff', 'end 0'])
  })

  it('is refused by a machine that has ended, which stays so', () => {
    const calls: string[] = []
    const cpu = { pause() {}, resume: () => calls.push('resume'), reset() {}, powerOff: () => calls.push('powerOff') }
    const machine = new Machine({ cpu })
    const saved = machine.save()
    machine.quit()
    const before = machine.save()
    expect(() => machine.load(saved)).toThrow('the machine has ended with exit code 0; load needs one that has not')
    expect(machine.save()).toEqual(before)
    expect(calls).toEqual(['powerOff'])
  })

  it('tells what the new machine has no place for', () => {
    const machine = new Machine({ iobase: null })
    expect(machine.load(new Machine({ qemu: '1.5.0' }).save())).toEqual([
      'the builtin pvpanic at port 0x505 is not in this machine',
    ])
  })

  it('tells of a device at another port', () => {
    const machine = new Machine({ iobase: 0x600 })
    expect(machine.load(used().save())).toEqual(['the device pvpanic at port 0x505 is at port 0x600 in this machine'])
  })

  it('comes back with a transfer in its middle, and with every kind of report', () => {
    const machine = new Machine({ qemu: '10.0', shutdownAction: 'pause', onPanic: 'log' })
    machine.dma[0].connect(2, () => 5)
    machine.bus.outb(0x05, 9)
    machine.bus.outb(0x05, 0)
    machine.bus.outb(0x0a, 2)
    machine.dma[0].raiseRequest(2)
    // Twice as far as the primary can count.
    machine.dma[1].connect(0, (_, length) => length)
    machine.bus.outw(0xc2, 0xffff)
    machine.bus.outb(0xd4, 0)
    machine.dma[1].raiseRequest(0)
    for (const value of [1, 2, 4]) machine.bus.outb(0x505, value)
    const saved = machine.save()
    expect([saved.dma[0]?.channels[2]?.position, saved.dma[1]?.channels[0]?.position]).toEqual([5, 0x20000])
    expect(saved.pvpanics[0]?.counts).toEqual({ panicked: 1, crashLoaded: 1, shutdown: 1, unknown: 0 })
    const loaded = new Machine({ qemu: '10.0' })
    loaded.load(overJson(saved))
    expect(loaded.save()).toEqual(saved)
    expect(loaded.panics.entries().map(({ event }) => event)).toEqual(['panicked', 'crash-loaded', 'shutdown'])
  })

  it('keeps the newest log entries if the new log is smaller', () => {
    const machine = new Machine({ logSize: 1 })
    machine.load(used().save())
    expect([machine.panics.total, machine.panics.dropped]).toEqual([2, 1])
    expect(machine.panics.entries().map(({ value }) => value)).toEqual([0x82])
  })
})

it('a machine without a CPU loads a state that stands, and one that runs', () => {
  const machine = new Machine()
  machine.load(used().save())
  expect(machine.runState).toBe('paused')
  machine.load(new Machine().save())
  expect(machine.runState).toBe('running')
})

it('a transfer that is done, of the largest length, is kept', () => {
  const state = structuredClone(new Machine().save()) as unknown as { dma: { channels: { position: number }[] }[] }
  for (const [index, { channels }] of state.dma.entries())
    for (const channel of channels) channel.position = 0x10000 << index
  const machine = new Machine()
  machine.load(state)
  expect(machine.save()).toEqual(state)
})

describe('a bad state', () => {
  /** A good state but for the value at `path`. */
  const damaged = (value: unknown, ...path: (string | number)[]) => {
    const state = overJson(used().save())
    let target = state as Record<string | number, unknown>
    for (const key of path.slice(0, -1)) target = target[key] as Record<string | number, unknown>
    target[path.at(-1) ?? ''] = value
    return state
  }

  it.each([
    ['nothing', undefined, 'state: expected an object, got undefined'],
    ['text', 'x', 'state: expected an object, got a string'],
    ['another format', damaged('zip', 'format'), 'state.format: expected one of isa-pvpanic machine, got "zip"'],
    ['a later version', damaged(2, 'version'), 'state.version: expected an integer from 1 to 1, got 2'],
    ['a run state', damaged('tired', 'runState'), 'state.runState: expected one of prelaunch, running'],
    ['an exit code', damaged(-1, 'exitCode'), 'state.exitCode: expected an integer from 0 to 0xff, got -1'],
    ['an end that is none', damaged(0, 'exitCode'), 'state.runState: expected one of shutdown, got "paused"'],
    ['no controllers', damaged([], 'dma'), 'state.dma.length: expected an integer from 2 to 2, got 0'],
    ['a mask', damaged('1', 'dma', 1, 'mask'), 'state.dma[1].mask: expected an integer from 0 to 0xff, got "1"'],
    ['a page', damaged(256, 'dma', 0, 'channels', 3, 'page'), 'state.dma[0].channels[3].page: expected'],
    [
      'a base count',
      damaged(0x10000, 'dma', 0, 'channels', 1, 'baseCount'),
      'state.dma[0].channels[1].baseCount: expected',
    ],
    [
      'a position',
      damaged(0x10001, 'dma', 0, 'channels', 2, 'position'),
      'state.dma[0].channels[2].position: expected an integer from 0 to 0x10000, got 0x10001',
    ],
    [
      'an address beyond bytes',
      damaged(0x10000, 'dma', 0, 'channels', 0, 'address'),
      'state.dma[0].channels[0].address: expected an integer from 0 to 0xffff',
    ],
    [
      'a mode',
      damaged(-1, 'dma', 1, 'channels', 0, 'mode'),
      'state.dma[1].channels[0].mode: expected an integer from 0 to 0xff',
    ],
    [
      'a port',
      damaged(0x10000, 'pvpanics', 0, 'iobase'),
      'state.pvpanics[0].iobase: expected an integer from 0 to 0xffff',
    ],
    ['counts that are none', damaged([], 'pvpanics', 0, 'counts'), 'state.pvpanics[0].counts: expected an object'],
    [
      'a count of shutdowns',
      damaged(1.5, 'pvpanics', 0, 'counts', 'shutdown'),
      'state.pvpanics[0].counts.shutdown: expected',
    ],
    [
      'a time without end',
      damaged(Number.NaN, 'panics', 'entries', 0, 'time'),
      'state.panics.entries[0].time: expected milliseconds since 1970, got NaN',
    ],
    ['a count', damaged(null, 'pvpanics', 0, 'counts', 'panicked'), 'state.pvpanics[0].counts.panicked: expected'],
    ['fewer reports than entries', damaged(1, 'panics', 'total'), 'state.panics.total: expected an integer from 2'],
    ['a log entry', damaged('x', 'panics', 'entries', 1, 'event'), 'state.panics.entries[1].event: expected one of'],
    ['a hole for a controller', damaged(new Array(2), 'dma'), 'state.dma[0]: expected an object, got undefined'],
    [
      'a hole for a log entry',
      damaged(new Array(1), 'panics', 'entries'),
      'state.panics.entries[0]: expected an object',
    ],
    [
      'a count that the next report makes inexact',
      damaged(Number.MAX_SAFE_INTEGER, 'panics', 'total'),
      'state.panics.total: expected an integer from 2 to 0x10000000000000, got 0x1fffffffffffff',
    ],
    [
      'a position past the transfer',
      damaged(0x10001, 'dma', 0, 'channels', 1, 'position'),
      'position: expected an integer from 0 to 0x10000, got',
    ],
    [
      'a position past 16-bit units',
      damaged(0x20001, 'dma', 1, 'channels', 1, 'position'),
      'position: expected an integer from 0 to 0x20000, got',
    ],
    ['a port that is none', damaged(0x10000, 'pvpanics', 0, 'iobase'), 'state.pvpanics[0].iobase: expected an integer'],
    [
      'no time',
      damaged(Number.NaN, 'panics', 'entries', 0, 'time'),
      'entries[0].time: expected milliseconds since 1970, got NaN',
    ],
    [
      'a time in words',
      damaged('noon', 'panics', 'entries', 0, 'time'),
      'expected milliseconds since 1970, got a string',
    ],
    ['a time', damaged('noon', 'panics', 'entries', 0, 'time'), 'state.panics.entries[0].time: expected milliseconds'],
  ])('with %s is refused by the path of the field, and nothing changes', (_, state, message) => {
    const machine = used()
    const before = machine.save()
    expect(() => machine.load(state)).toThrow(message)
    expect(machine.save()).toEqual(before)
  })

  it('with any field replaced by any other value is refused or taken, never half of it', () => {
    const places = fieldsOf(used().save())
    let [taken, refused] = [0, 0]
    let machine = used()
    const before = machine.save()
    const unchanged = JSON.stringify(before)
    for (const path of places) {
      for (const value of [null, true, '', -1, 0, 1, 0x100, 0x20000, 1.5, 2 ** 53, [], {}, new Array(4)]) {
        const state = damaged(value, ...path) as MachineState
        const error = errorOf(() => machine.load(state))
        const after = machine.save()
        if (error === undefined) {
          taken++
          // A device at another port, or none at all, is told of; this machine has its own.
          const pvpanics = [{ ...before.pvpanics[0], ...state.pvpanics[0], source: 'device', iobase: 0x505 }]
          expect(after, path.join('.')).toEqual({ ...state, pvpanics })
          machine = used()
        } else {
          refused++
          if (!/^Option(Type|Range)Error: state\./.test(String(error)))
            expect(error, path.join('.')).toBe('a field named')
          if (JSON.stringify(after) !== unchanged) expect(after, path.join('.')).toEqual(before)
        }
      }
    }
    expect([places.length > 60, taken > 100, refused > 500]).toEqual([true, true, true])
  })
})

function errorOf(action: () => unknown): unknown {
  try {
    action()
    return undefined
  } catch (error) {
    return error
  }
}

/** The path of everything in a state. */
function fieldsOf(value: unknown): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, member]) => {
    const key = Array.isArray(value) ? Number(name) : name
    return [[key], ...fieldsOf(member).map((path) => [key, ...path])]
  })
}
