// The machine as an embedder uses it: modes, events, the CPU's reins, the log. QEMU's own lifecycle is in test/recordings.

import { describe, expect, it, vi } from 'vitest'
import { Machine, MachineError, type MachineOptions } from '../../src/index.js'

/** A machine, what it said and what it did to its CPU, in one list. */
function watched(options: MachineOptions = {}) {
  const story: string[] = []
  const tell = (what: string) => () => void story.push(what)
  const cpu = { pause: tell('pause'), resume: tell('resume'), reset: tell('reset'), powerOff: tell('powerOff') }
  const machine = new Machine({ cpu, ...options })
  machine.on('*', ({ event, data }) =>
    story.push(data === undefined ? event : `${event} ${Object.values(data).join(' ')}`),
  )
  return { machine, story, panic: () => machine.bus.outb(0x505, 1) }
}

describe('a panic', () => {
  it('under preserve stops the guest and keeps it', () => {
    const { machine, story, panic } = watched({ onPanic: 'preserve' })
    panic()
    expect(story).toEqual(['pause', 'GUEST_PANICKED pause', 'STOP'])
    expect(machine.runState).toBe('guest-panicked')
  })

  it('under preserve can be resumed', () => {
    const { machine, story, panic } = watched()
    panic()
    machine.cont()
    expect(story.slice(3)).toEqual(['resume', 'RESUME'])
    expect(machine.runState).toBe('running')
  })

  it('under destroy ends the machine with exit code 0', () => {
    const { machine, story, panic } = watched({ onPanic: 'destroy' })
    panic()
    expect(story).toEqual(['pause', 'powerOff', 'GUEST_PANICKED poweroff', 'STOP', 'SHUTDOWN true guest-panic'])
    expect([machine.runState, machine.exitCode]).toEqual(['shutdown', 0])
  })

  it('under destroy with panicExitCode 1 ends it with that', () => {
    const { machine, panic } = watched({ onPanic: 'destroy', panicExitCode: 1 })
    panic()
    expect(machine.exitCode).toBe(1)
  })

  it('under reset starts guest and devices anew', () => {
    const { machine, story, panic } = watched({ onPanic: 'reset' })
    machine.bus.outb(0x0e, 0)
    panic()
    const reset = 'RESET false host-qmp-system-reset'
    expect(story).toEqual(['pause', 'reset', 'resume', 'GUEST_PANICKED pause', 'STOP', reset, 'RESUME'])
    expect([machine.runState, machine.bus.inb(0x09)]).toEqual(['running', 0xff])
  })

  it('under log is noted and nothing else', () => {
    const { machine, story, panic } = watched({ onPanic: 'log' })
    panic()
    expect(story).toEqual(['GUEST_PANICKED run'])
    expect(machine.runState).toBe('running')
  })

  it('after the end changes nothing any more', () => {
    const { machine, story, panic } = watched({ onPanic: 'destroy' })
    panic()
    const before = story.length
    panic()
    expect([story.length, machine.panics.total]).toEqual([before, 1])
  })

  it('is heard at the port asked for, and nowhere without a device', () => {
    const moved = watched({ iobase: 0x600 })
    moved.panic()
    expect(moved.machine.runState).toBe('running')
    moved.machine.bus.outb(0x600, 1)
    expect(moved.machine.runState).toBe('guest-panicked')
    const without = watched({ iobase: null })
    without.panic()
    expect([without.machine.runState, without.machine.bus.inb(0x505)]).toEqual(['running', 0xff])
  })

  it('at port 0 shadows the DMA controller there and only there', () => {
    const { machine } = watched({ qemu: '1.5.0', machineType: 'pc-1.5', iobase: 0 })
    machine.bus.outb(0x01, 0x78)
    expect([machine.bus.inb(0x00), machine.bus.inb(0x01)]).toEqual([1, 0])
    machine.bus.outb(0x00, 1)
    expect(machine.runState).toBe('guest-panicked')
    const [pvpanic, dma] = machine.bus.mappings()
    expect([pvpanic?.device.name, dma?.device.name, dma?.visible]).toEqual(['pvpanic', 'dma1', [{ base: 1, size: 15 }]])
  })
})

describe('a crash loop', () => {
  it('ends in preserve after resetLimit resets', () => {
    const { machine, panic } = watched({ onPanic: 'reset', resetLimit: 2 })
    const states = [1, 2, 3].map(() => {
      panic()
      return machine.runState
    })
    expect(states).toEqual(['running', 'running', 'guest-panicked'])
  })

  it.each(['cont', 'reset'] as const)('starts anew after %s()', (command) => {
    const { machine, panic } = watched({ onPanic: 'reset', resetLimit: 1 })
    panic()
    panic()
    machine[command]()
    machine.cont()
    panic()
    expect(machine.runState).toBe('running')
  })
})

describe('a refused command', () => {
  it('says what QEMU says, and changes nothing', () => {
    const { machine, panic } = watched({ qemu: '1.6.0', onPanic: 'reset', resetLimit: 1 })
    panic()
    panic()
    const before = machine.save()
    expect(before).toMatchObject({ runState: 'guest-panicked', panicResets: 1 })
    expect(() => machine.cont()).toThrow(MachineError)
    expect(() => machine.cont()).toThrow('Resetting the Virtual Machine is required')
    expect(machine.save()).toEqual(before)
    machine.reset()
    machine.cont()
    expect(machine.runState).toBe('running')
  })

  it.each(['cont', 'stop', 'reset', 'powerdown', 'quit'] as const)('is %s() after the end', (command) => {
    const { machine } = watched()
    machine.quit()
    expect(() => machine[command]()).toThrow('the machine has ended with exit code 0')
  })
})

describe('the guest', () => {
  it('that asks for a shutdown is told as GUEST_PVSHUTDOWN, and the machine ends', () => {
    const { machine, story } = watched()
    machine.bus.outb(0x505, 4)
    expect(story).toEqual(['powerOff', 'GUEST_PVSHUTDOWN', 'SHUTDOWN true guest-shutdown'])
    expect(machine.exitCode).toBe(0)
  })

  it('that asks for a shutdown of a version before 9.1 is not understood', () => {
    const { machine, story } = watched({ qemu: '9.0' })
    machine.bus.outb(0x505, 4)
    expect([story, machine.pvpanic?.counts.unknown]).toEqual([[], 1])
  })

  it('that powers itself off is kept with shutdownAction pause, and only a reset helps', () => {
    const { machine, story } = watched({ shutdownAction: 'pause' })
    machine.guestShutdown()
    expect(story).toEqual(['pause', 'SHUTDOWN true guest-shutdown', 'STOP'])
    expect([machine.runState, machine.exitCode]).toEqual(['shutdown', undefined])
    expect(() => machine.cont()).toThrow('Resetting the Virtual Machine is required')
  })

  it('that reboots itself is told apart from a reset by the host', () => {
    const { story, machine } = watched()
    machine.guestReset()
    expect(story).toEqual(['reset', 'RESET true guest-reset'])
  })
})

describe('listeners', () => {
  it('can call the machine back; events stay in order for everyone', () => {
    const { machine, story, panic } = watched()
    machine.on('GUEST_PANICKED', () => machine.cont())
    panic()
    expect(machine.runState).toBe('running')
    expect(story).toEqual(['pause', 'GUEST_PANICKED pause', 'resume', 'STOP', 'RESUME'])
  })

  it('behind one that calls the machine back hear of events in order too', () => {
    const { machine, panic } = watched()
    machine.on('GUEST_PANICKED', () => machine.cont())
    const heard: string[] = []
    machine.on('*', ({ event }) => heard.push(event))
    panic()
    expect(heard).toEqual(['GUEST_PANICKED', 'STOP', 'RESUME'])
  })

  it('are functions', () => {
    const { machine } = watched()
    const notOne = 5 as unknown as () => void
    expect(() => machine.on('STOP', notOne)).toThrow(/^listener\b/)
    expect(() => machine.onEnd(notOne)).toThrow(/^listener\b/)
  })

  it('of the end that throw are reported as listeners of SHUTDOWN', () => {
    const onListenerError = vi.fn()
    const { machine } = watched({ onListenerError })
    const error = new Error('at the end')
    machine.onEnd(() => {
      throw error
    })
    machine.quit()
    expect(onListenerError.mock.calls).toEqual([[error, 'SHUTDOWN']])
  })

  it('of the end leave one by one', () => {
    const { machine } = watched()
    const heard: string[] = []
    const leave = machine.onEnd(() => heard.push('one'))
    machine.onEnd(() => heard.push('other'))
    leave()
    machine.quit()
    expect(heard).toEqual(['other'])
  })

  it('are told of the event they asked for until they leave', () => {
    const { machine, panic } = watched({ onPanic: 'log' })
    const listener = vi.fn()
    const leave = machine.on('GUEST_PANICKED', listener)
    machine.powerdown()
    panic()
    leave()
    panic()
    expect(listener).toHaveBeenCalledTimes(1)
  })

  it('that throw are reported once, hurt neither the guest nor each other', () => {
    const onListenerError = vi.fn()
    const { machine, story, panic } = watched({ onPanic: 'log', onListenerError })
    const error = new Error('listener')
    machine.on('GUEST_PANICKED', () => {
      throw error
    })
    const after = vi.fn()
    machine.on('GUEST_PANICKED', after)
    panic()
    panic()
    expect(onListenerError.mock.calls).toEqual([[error, 'GUEST_PANICKED']])
    expect([story.length, after.mock.calls.length]).toEqual([2, 2])
  })

  it('are called on even if what is told of their errors throws too', () => {
    const onConsole = vi.spyOn(console, 'error').mockImplementation(() => {})
    const onListenerError = (error: unknown) => {
      throw error
    }
    const ended = vi.fn()
    const machine = new Machine({ onPanic: 'log', onListenerError })
    machine.onEnd(ended)
    const heard: string[] = []
    machine.on('GUEST_PANICKED', () => {
      throw new Error('broken')
    })
    machine.on('*', ({ event }) => heard.push(event))
    for (let i = 0; i < 3; i++) machine.bus.outb(0x505, 1)
    machine.quit()
    expect(heard).toEqual(['GUEST_PANICKED', 'GUEST_PANICKED', 'GUEST_PANICKED', 'SHUTDOWN'])
    expect(ended).toHaveBeenCalledOnce()
    expect(onConsole).toHaveBeenCalledOnce()
    onConsole.mockRestore()
  })

  it('get the time as QMP writes it', () => {
    const machine = new Machine({ onPanic: 'log', clock: () => 1795381012795.959 })
    const listener = vi.fn()
    machine.on('GUEST_PANICKED', listener)
    machine.bus.outb(0x505, 1)
    expect(listener.mock.lastCall?.[0]).toEqual({
      event: 'GUEST_PANICKED',
      data: { action: 'run' },
      timestamp: { seconds: 1795381012, microseconds: 795959 },
    })
  })
})

describe('the end', () => {
  it.each([
    ['a panic', (machine: Machine) => machine.bus.outb(0x505, 1), ['GUEST_PANICKED', 'STOP', 'SHUTDOWN', 0]],
    ['quit()', (machine: Machine) => machine.quit(), ['SHUTDOWN', 0]],
    ['isa-debug-exit', (machine: Machine) => machine.bus.outb(0xf4, 1), ['SHUTDOWN', 3]],
  ])('by %s is told once, after the last event', (_, end, expected) => {
    const story: (string | number)[] = []
    const machine = new Machine({ onPanic: 'destroy', debugExit: 0xf4 })
    machine.onEnd((exitCode) => story.push(exitCode))
    machine.on('*', ({ event }) => story.push(event))
    end(machine)
    machine.bus.outl(0x505, 0x01010101)
    expect(story).toEqual(expected)
  })

  it('is told to every listener, whatever others throw, and to none that has left', () => {
    const onListenerError = vi.fn()
    const machine = new Machine({ onListenerError })
    const [listener, gone] = [vi.fn(), vi.fn()]
    machine.onEnd(() => {
      throw new Error('broken')
    })
    machine.onEnd(listener)
    machine.onEnd(gone)()
    machine.quit()
    expect(listener.mock.calls).toEqual([[0]])
    expect(gone).not.toHaveBeenCalled()
    expect(onListenerError).toHaveBeenCalledOnce()
  })
})

it('on() refuses an event that there is not', () => {
  const name = 'PANIC' as 'STOP'
  expect(() => new Machine().on(name, () => {})).toThrow('event: expected one of GUEST_PANICKED, GUEST_CRASHLOADED')
})

it('setActions() changes what it is given and nothing else', () => {
  const machine = new Machine({ onPanic: 'log', rebootAction: 'shutdown' })
  const asJavaScriptMaySay: object = { onPanic: undefined, shutdownAction: 'pause' }
  machine.setActions(asJavaScriptMaySay)
  expect(machine.actions).toEqual({
    onPanic: 'log',
    panicExitCode: 0,
    shutdownAction: 'pause',
    rebootAction: 'shutdown',
  })
})

describe('the panic log', () => {
  it('keeps the newest entries and counts them all', () => {
    let time = 0
    const machine = new Machine({ onPanic: 'log', logSize: 3, clock: () => time++ })
    for (const value of [1, 2, 3, 0, 6]) machine.bus.outb(0x505, value)
    expect([machine.panics.total, machine.panics.dropped]).toEqual([4, 1])
    expect(machine.panics.entries()).toEqual([
      { event: 'crash-loaded', value: 2, time: 1 },
      { event: 'panicked', value: 3, time: 2 },
      { event: 'crash-loaded', value: 6, time: 3 },
    ])
  })

  it('does not grow over a million panics, for which no event is made while nobody listens', () => {
    let asked = 0
    const machine = new Machine({ onPanic: 'log', logSize: 8, clock: () => asked++ })
    for (let i = 0; i < 1e6; i++) machine.bus.outb(0x505, 1)
    expect([machine.panics.total, machine.panics.dropped, machine.panics.entries().length]).toEqual([1e6, 1e6 - 8, 8])
    expect(asked).toBe(1e6) // an event asks for the time once more
    machine.on('*', () => {})
    machine.bus.outb(0x505, 1)
    expect(asked).toBe(1e6 + 2)
  })

  it('can keep nothing but the counts', () => {
    const machine = new Machine({ onPanic: 'log', logSize: 0 })
    machine.bus.outl(0x505, 0x01010101)
    expect([machine.panics.total, machine.panics.dropped, machine.panics.entries()]).toEqual([4, 4, []])
  })
})

it.each([
  [{ iobase: 0x10000 }, 'iobase: expected an integer from 0 to 0xffff, got 0x10000'],
  [{ cpu: { pause() {} } }, 'cpu.resume: expected a function, got undefined'],
  [{ memory: '128M' }, 'memory: expected an object, got "128M"'],
  [{ events: 256 }, 'events: expected an integer from 0 to 0xff, got 0x100'],
  [{ onPanic: 'explode' }, 'onPanic: expected one of reset, destroy, preserve, log, got "explode"'],
  [{ shutdownAction: 'stop' }, 'shutdownAction: expected one of poweroff, pause, got "stop"'],
  [{ rebootAction: 'stop' }, 'rebootAction: expected one of reset, shutdown, got "stop"'],
  [{ resetLimit: -1 }, 'resetLimit: expected an integer from 0'],
  [{ logSize: 1e9 }, 'logSize: expected an integer from 0 to 0x100000'],
  [{ debugExit: 0xffff }, 'debugExit: expected an integer from 0 to 0xfffe, got 0xffff'],
  [{ qemu: '1.5.0', secondIobase: -1 }, 'secondIobase: expected an integer from 0 to 0xffff, got -1'],
  [{ qemu: '1.4.0' }, 'qemu: 1.4.0 has no pvpanic, which came with 1.5.0'],
  [{ qemu: '1.5.0', iobase: null }, 'pc-i440fx-1.5 has pvpanic built in'],
  [{ iobase: 0x505, secondIobase: 0x600 }, 'duplicate fw_cfg file name: etc/pvpanic-port'],
])('options %j are refused', (options, message) => {
  expect(() => new Machine(options as MachineOptions)).toThrow(message)
})

describe('the row of panics that resetLimit counts', () => {
  const twoPanics = (between: (machine: Machine) => void) => {
    const { machine, story, panic } = watched({ onPanic: 'reset', resetLimit: 1, shutdownAction: 'pause' })
    panic()
    between(machine)
    panic()
    return story.filter((what) => what.startsWith('RESET false')).length
  }

  it.each<[string, (machine: Machine) => void, number]>([
    ['starts anew after a reset of a running machine, which is told too', (machine) => machine.reset(), 3],
    ['does not start anew after another command', (machine) => machine.powerdown(), 1],
  ])('%s', (_, between, resets) => {
    expect(twoPanics(between)).toBe(resets)
  })

  it('counts nothing but panics', () => {
    const { machine, story, panic } = watched({ onPanic: 'reset', resetLimit: 1, shutdownAction: 'pause' })
    machine.bus.outb(0x505, 4)
    panic()
    expect(story.filter((what) => what.startsWith('RESET'))).toHaveLength(1)
  })
})

describe('quit()', () => {
  it.each([
    ['by the host', undefined, 'SHUTDOWN false host-qmp-quit'],
    ['by a signal', 'host-signal' as const, 'SHUTDOWN false host-signal'],
  ])('%s says so, and ends with exit code 0 whatever a panic would end with', (_, reason, told) => {
    const { machine, story } = watched({ panicExitCode: 1 })
    machine.quit(reason)
    expect([story, machine.exitCode]).toEqual([['powerOff', told], 0])
  })
})

// Recorded from each version; test/recordings has whole lives.
it.each([
  ['1.5.0', undefined, undefined],
  ['2.12', { guest: true }, { guest: false }],
  ['7.2', { guest: true, reason: 'guest-shutdown' }, { guest: false, reason: 'host-qmp-system-reset' }],
] as const)('QEMU %s tells with SHUTDOWN %o and with RESET %o', (qemu, ofShutdown, ofReset) => {
  const machine = new Machine({ qemu })
  const told: Record<string, unknown> = {}
  machine.on('*', ({ event, data }) => {
    told[event] = data
  })
  machine.reset()
  machine.guestShutdown()
  expect(told).toEqual({ RESET: ofReset, SHUTDOWN: ofShutdown })
})

it('a machine that starts paused waits in prelaunch; one without a device has none', () => {
  expect(new Machine({ startPaused: true }).runState).toBe('prelaunch')
  expect(new Machine({ iobase: null }).pvpanic).toBeUndefined()
  const second = () => new Machine({ qemu: '2.3', iobase: null, secondIobase: 0x506 })
  expect(second).toThrow(new MachineError('secondIobase: there is no first pvpanic, iobase is null'))
})

it('a MachineError is of the class that QMP tells', () => {
  const error = new MachineError('no')
  expect([error.name, error.class, error.desc]).toEqual(['MachineError', 'GenericError', 'no'])
})

it('a report of a shutdown is kept as one', () => {
  const { machine } = watched({ shutdownAction: 'pause' })
  for (const value of [4, 2, 1]) machine.bus.outb(0x505, value)
  expect(machine.panics.entries().map(({ event }) => event)).toEqual(['shutdown', 'crash-loaded', 'panicked'])
})
