// The machine around a guest in QEMU, held against what a real QEMU told and what state it was in.

import { readFileSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { MachineError } from '../../src/index.js'
import { QmpError } from '../../src/monitor/qmp/error.js'
import { QmpConnectionError } from '../../src/monitor/server/qmp-client.js'
import { QemuMachine, type QemuMachineOptions } from '../../src/testing/engines/qemu/machine.js'
import type { QemuEventsRecording, RecordedStep } from './record-qemu-events.js'

const url = new URL('qemu-events.json', import.meta.url)
const { scenarios }: QemuEventsRecording = JSON.parse(readFileSync(url, 'utf8'))

/** A machine whose QEMU does what was recorded, command by command. */
class Replay {
  readonly machine: QemuMachine
  readonly events: string[] = []
  readonly #steps: RecordedStep[]
  /** What QEMU said of its state after the last command. */
  #status: string | null | undefined
  taken = 0

  constructor(steps: readonly RecordedStep[], options: Partial<QemuMachineOptions> = {}) {
    this.#steps = [...steps]
    const machine = new QemuMachine({
      onPanic: 'preserve',
      resetLimit: Number.POSITIVE_INFINITY,
      logSize: 16,
      startPaused: true,
      ...options,
    })
    this.machine = machine
    machine.on('*', ({ event }) => this.events.push(event))
    machine.connected({ execute: (command) => this.#execute(command) })
  }

  async #execute(command: string): Promise<unknown> {
    // An answer never comes within the call.
    await Promise.resolve()
    if (command === 'query-status') return { status: this.#status }
    const step = this.#steps.shift()
    expect(command).toBe(step?.command)
    this.taken++
    this.#status = step?.status
    for (const event of step?.events ?? []) this.machine.take(event)
    if (step?.exitCode != null) this.machine.end(step.exitCode)
    if (step?.refusal !== undefined) throw new QmpError(step.refusal)
    return {}
  }
}

const give = (machine: QemuMachine, command: string): Promise<void> => {
  const commands: Readonly<Record<string, () => Promise<void>>> = {
    cont: () => machine.cont(),
    stop: () => machine.stop(),
    system_reset: () => machine.reset(),
    system_powerdown: () => machine.powerdown(),
    quit: () => machine.quit(),
  }
  return commands[command]?.() ?? Promise.reject(new Error(command))
}

describe('each command leaves it in the state that QEMU was in', () => {
  it.each(Object.entries(scenarios).filter(([name]) => name !== 'reset'))('%s', async (_, { choices, steps }) => {
    const { machine, events } = new Replay(steps, { onPanic: choices.onPanic ?? 'preserve' })
    for (const { command, refusal, status, exitCode, events: recorded } of steps) {
      events.length = 0
      const given = give(machine, command)
      if (refusal === undefined) await given
      else await expect(given).rejects.toEqual(new MachineError(refusal))
      expect(events).toEqual(recorded.map(({ event }) => event))
      expect(machine.exitCode).toBe(exitCode ?? undefined)
      expect(machine.runState).toBe(status ?? 'shutdown')
      expect(machine.settled).toBe(true)
    }
  })
})

it('keeps what the guest reported, with the times that QEMU told', async () => {
  const { steps = [] } = scenarios.preserve ?? {}
  const { machine } = new Replay(steps)
  await machine.cont()
  const [first] = steps[0]?.events.filter(({ event }) => event === 'GUEST_CRASHLOADED') ?? []
  const { seconds = 0, microseconds = 0 } = first?.timestamp ?? {}
  expect(machine.panics.entries()).toMatchObject([
    { event: 'crash-loaded', value: 2, time: seconds * 1000 + microseconds / 1000 },
    { event: 'panicked', value: 1 },
    { event: 'crash-loaded', value: 2 },
    { event: 'panicked', value: 1 },
  ])
})

it('is not settled between a panic and the stop that follows', async () => {
  const { machine } = new Replay([], { startPaused: false })
  const events = scenarios.preserve?.steps[0]?.events.filter(({ event }) => event !== 'RESUME') ?? []
  const settled: unknown[] = []
  for (const event of events) {
    machine.take(event)
    await nextTurn()
    settled.push([event.event, machine.settled, machine.runState])
  }
  expect(settled).toEqual([
    ['GUEST_CRASHLOADED', true, 'running'],
    ['GUEST_PANICKED', false, 'running'],
    ['GUEST_CRASHLOADED', false, 'running'],
    ['GUEST_PANICKED', false, 'running'],
    ['STOP', true, 'guest-panicked'],
  ])
})

it('tells of an event after the text that can be read along with it, and is not settled before', async () => {
  const { machine, events } = new Replay([], { startPaused: false })
  machine.take({ event: 'STOP', timestamp: { seconds: 1, microseconds: 0 } })
  expect([events.length, machine.runState, machine.settled]).toEqual([0, 'paused', false])
  await nextTurn()
  expect([events.length, machine.settled]).toEqual([1, true])
})

it('tells of what it knows before it tells of the end', () => {
  const { machine, events } = new Replay([], { startPaused: false })
  machine.take({ event: 'SHUTDOWN', data: { guest: true }, timestamp: { seconds: 1, microseconds: 0 } })
  machine.end(0)
  expect(events).toEqual(['SHUTDOWN'])
})

describe('reset', () => {
  const { steps = [] } = scenarios.reset ?? {}

  it('resets and resumes the guest by itself, up to the limit', async () => {
    const replay = new Replay(steps, { onPanic: 'reset', resetLimit: 1 })
    await replay.machine.cont()
    await expect.poll(() => replay.taken).toBe(3)
    await expect.poll(() => replay.machine.settled).toBe(true)
    expect(replay.machine.runState).toBe('guest-panicked')
    const told = replay.events.filter((event) => !event.startsWith('GUEST_'))
    expect(told).toEqual(['RESUME', 'STOP', 'RESET', 'RESUME', 'STOP'])
  })

  it('does nothing by itself with a limit of 0', async () => {
    const replay = new Replay(steps, { onPanic: 'reset', resetLimit: 0 })
    await replay.machine.cont()
    expect([replay.taken, replay.machine.runState, replay.machine.settled]).toEqual([1, 'guest-panicked', true])
  })
})

it('begins without an event, as a new machine is running', async () => {
  const { machine, events } = new Replay(scenarios.log?.steps ?? [], { startPaused: false })
  expect(machine.runState).toBe('running')
  machine.begin()
  await expect.poll(() => events[0]).toBe('GUEST_CRASHLOADED')
})

it('tells of events that this library has none for to nobody', () => {
  const { machine, events } = new Replay([])
  machine.take({ event: 'RTC_CHANGE', data: { offset: 0 }, timestamp: { seconds: 1, microseconds: 0 } })
  expect(events).toEqual([])
})

it('asks for the name of a stop that nothing announced', async () => {
  const machine = new QemuMachine({ onPanic: 'preserve', resetLimit: 0, logSize: 1 })
  machine.connected({ execute: async () => ({ status: 'internal-error', running: false }) })
  machine.take({ event: 'STOP', timestamp: { seconds: 1, microseconds: 0 } })
  await expect.poll(() => machine.runState).toBe('internal-error')
})

it('refuses commands once QEMU has ended', async () => {
  const machine = new QemuMachine({ onPanic: 'preserve', resetLimit: 0, logSize: 1 })
  machine.connected({ execute: () => Promise.reject(new QmpConnectionError('the server closed the connection')) })
  await expect(machine.cont()).rejects.toThrow('the machine has ended; cont needs one that has not')
  machine.end(3)
  await expect(machine.stop()).rejects.toThrow('the machine has ended with exit code 3; stop needs one that has not')
})
