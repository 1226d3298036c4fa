// The mode 'reset', which QEMU lacks: whatever the state and the actions, it is a panic kept, then system_reset and cont.

import { describe, expect, it } from 'vitest'
import { Machine, MachineError, type MachineOptions, type RunState } from '../../src/index.js'

/** Brings a machine whose guest panics are kept into each run state. */
const WAYS: Record<RunState, (machine: Machine) => void> = {
  prelaunch: (machine) => {
    machine.stop()
    machine.setActions({ rebootAction: 'reset' })
    machine.reset()
  },
  running: () => {},
  paused: (machine) => machine.stop(),
  'guest-panicked': (machine) => machine.bus.outb(0x505, 1),
  shutdown: (machine) => {
    machine.setActions({ shutdownAction: 'pause' })
    machine.guestShutdown()
  },
}

/** What a machine in that state does when `act` is done to it under those actions. */
function story(state: RunState, actions: Partial<MachineOptions>, act: (machine: Machine) => void) {
  const machine = new Machine({ onPanic: 'preserve' })
  WAYS[state](machine)
  expect(machine.runState).toBe(state)
  machine.setActions(actions)
  const events: string[] = []
  machine.on('*', ({ event, data }) => events.push(`${event} ${JSON.stringify(data)}`))
  act(machine)
  return { events, runState: machine.runState, exitCode: machine.exitCode }
}

/** What a manager would do by hand, as far as it can. */
function keepResetAndContinue(machine: Machine): void {
  machine.bus.outb(0x505, 1)
  for (const command of ['reset', 'cont'] as const) {
    try {
      machine[command]()
    } catch (error) {
      if (!(error instanceof MachineError)) throw error
    }
  }
}

describe.each(['poweroff', 'pause'] as const)('with shutdownAction %s', (shutdownAction) => {
  describe.each(['reset', 'shutdown'] as const)('and rebootAction %s', (rebootAction) => {
    it.each(Object.keys(WAYS) as RunState[])('a panic in %s', (state) => {
      const actions = { shutdownAction, rebootAction }
      const byMode = story(state, { ...actions, onPanic: 'reset' }, (machine) => machine.bus.outb(0x505, 1))
      expect(byMode).toEqual(story(state, { ...actions, onPanic: 'preserve' }, keepResetAndContinue))
    })
  })
})

it('four panics in one write are reported, then the guest is reset once', () => {
  const { events } = story('running', { onPanic: 'reset' }, (machine) => machine.bus.outl(0x505, 0x01010101))
  expect(events.map((event) => event.split(' ')[0])).toEqual([
    ...['GUEST_PANICKED', 'STOP', 'GUEST_PANICKED', 'GUEST_PANICKED', 'GUEST_PANICKED'],
    ...['RESET', 'RESUME'],
  ])
})

it.each(['reset', 'cont'] as const)('%s() by the host starts the row of panics anew', (command) => {
  const machine = new Machine({ onPanic: 'reset', resetLimit: 1 })
  machine.bus.outb(0x505, 1)
  if (command === 'cont') machine.stop()
  machine[command]()
  machine.bus.outb(0x505, 1)
  expect(machine.runState).toBe('running')
  machine.bus.outb(0x505, 1)
  expect(machine.runState).toBe('guest-panicked')
})
