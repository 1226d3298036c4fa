// The machine's run states and what moves it from one to another: one table, apart from what carries it out.

import type { EventName, MachineEvents, PanicAction, ShutdownReason } from './events.js'
import type { QemuFacts } from './qemu-versions.js'

/** QEMU's run states, those that a machine of this kind can be in. 'shutdown' with an exit code is the end. */
export const RUN_STATES = ['prelaunch', 'running', 'paused', 'guest-panicked', 'shutdown'] as const
/** What a machine is doing, in QEMU's words. */
export type RunState = (typeof RUN_STATES)[number]

/**
 * What happens to a machine: what the guest reports through pvpanic, what such a report leads to once the access is over,
 * what the guest does otherwise, what follows any reset, and the host's commands.
 */
export const INPUTS = [
  'panicked',
  'crash-loaded',
  'shutdown',
  'panic-shutdown',
  'panic-reset',
  'debug-exit',
  'guest-reset',
  'guest-shutdown',
  'was-reset',
  'cont',
  'stop',
  'system_reset',
  'system_powerdown',
  'quit',
  'host-signal',
] as const
export type Input = (typeof INPUTS)[number]

/**
 * What happens when the guest panics. `preserve`: it is stopped and kept. `destroy`: the machine ends. `reset`: it starts
 * anew. `log`: it is noted and the guest goes on.
 */
export type PanicMode = 'reset' | 'destroy' | 'preserve' | 'log'

/** What a machine does about the next panic. */
export type PanicResponse = PanicAction | 'reset'

/** The facts of a QEMU version that choose between rows. */
const VERSION_FACTS = [
  'panicIsFinal',
  'panicIsToldTwice',
  'resetWhileStopped',
  'debugExitShutsDown',
  'shutdownData',
] as const satisfies readonly (keyof QemuFacts)[]

/** The settings that choose between rows, the last of them the version's. */
export interface Policy extends Pick<QemuFacts, (typeof VERSION_FACTS)[number]> {
  readonly panic: PanicResponse
  readonly shutdown: 'poweroff' | 'pause'
  readonly reboot: 'reset' | 'shutdown'
}

/**
 * One thing to do. `stop` does nothing unless the machine is running; everything else is unconditional. What is requested
 * waits until the guest's access is over, and of several requests only the last counts: a 32-bit write that panics four
 * times shuts down once.
 */
export type Step =
  | { readonly do: 'emit'; readonly event: EventName; readonly data?: MachineEvents[EventName] }
  | { readonly do: 'stop'; readonly into: RunState }
  | { readonly do: 'resume' }
  | { readonly do: 'reset devices' }
  | { readonly do: 'enter'; readonly state: RunState }
  | { readonly do: 'exit'; readonly code: 0 | 'panic exit code' } // unless isa-debug-exit asked for another
  | { readonly do: 'refuse'; readonly desc: string }
  | { readonly do: 'command'; readonly input: Input }
  | { readonly do: 'request'; readonly input: Input }

/** Holds for an input when the policy and the state fit; exactly one row does for each of them. */
export interface Transition {
  readonly on: Input
  readonly when?: Partial<Policy>
  readonly in?: readonly RunState[]
  readonly steps: readonly Step[]
}

/** The settings from which the response to a panic follows. */
export interface PanicSettings {
  readonly onPanic: PanicMode
  readonly panicExitCode: 0 | 1
  readonly shutdownAction: 'poweroff' | 'pause'
  /** Whether 'reset' has resets left. */
  readonly mayReset: boolean
}

/** A machine that would end, but is to be kept when it ends, keeps its guest; exit code 1 (QEMU's exit-failure) ends it all the same. */
export function panicResponse({ onPanic, panicExitCode, shutdownAction, mayReset }: PanicSettings): PanicResponse {
  if (onPanic === 'log') return 'run'
  if (onPanic === 'reset') return mayReset ? 'reset' : 'pause'
  return onPanic === 'preserve' || (panicExitCode === 0 && shutdownAction === 'pause') ? 'pause' : 'poweroff'
}

const panicked = (action: PanicAction): Step => ({ do: 'emit', event: 'GUEST_PANICKED', data: { action } })
const shutDown = (guest: boolean, reason: ShutdownReason): Step => {
  return { do: 'emit', event: 'SHUTDOWN', data: { guest, reason } }
}
const wasReset = (guest: boolean, reason: ShutdownReason): Step => {
  return { do: 'emit', event: 'RESET', data: { guest, reason } }
}
const send = (event: 'GUEST_PVSHUTDOWN' | 'POWERDOWN'): Step => ({ do: 'emit', event })
const crashLoaded: Step = { do: 'emit', event: 'GUEST_CRASHLOADED', data: { action: 'run' } }
const stop = (into: RunState): Step => ({ do: 'stop', into }) // sends STOP
const resume: Step = { do: 'resume' } // sends RESUME, enters 'running'
const resetDevices: Step = { do: 'reset devices' }
const enter = (state: RunState): Step => ({ do: 'enter', state })
const exit = (code: 0 | 'panic exit code'): Step => ({ do: 'exit', code })
const refuse = (desc: string): Step => ({ do: 'refuse', desc })
const command = (input: Input): Step => ({ do: 'command', input })
const request = (input: Input): Step => ({ do: 'request', input })

const RESET_REQUIRED = 'Resetting the Virtual Machine is required'
const STANDING = ['prelaunch', 'paused', 'guest-panicked', 'shutdown'] as const

/**
 * Measured on QEMU 7.2 over qtest and QMP, where a write stops the machine at once; test/recordings holds it to that.
 * The response 'reset' is no action of QEMU's but what libvirt does: keep the panicked guest, then reset and resume it.
 */
// biome-ignore format: a table is read by its columns
export const TRANSITIONS: readonly Transition[] = [
  { on: 'panicked', when: { panic: 'run' },                              steps: [panicked('run')] },
  { on: 'panicked', when: { panic: 'pause' },                            steps: [panicked('pause'), stop('guest-panicked')] },
  { on: 'panicked', when: { panic: 'reset' },                            steps: [panicked('pause'), stop('guest-panicked'), request('panic-reset')] },
  { on: 'panicked', when: { panic: 'poweroff', panicIsToldTwice: false }, steps: [panicked('poweroff'), stop('guest-panicked'), request('panic-shutdown')] },
  { on: 'panicked', when: { panic: 'poweroff', panicIsToldTwice: true }, steps: [panicked('pause'), stop('guest-panicked'), panicked('poweroff'), request('panic-shutdown')] },
  { on: 'crash-loaded',                                                  steps: [crashLoaded] },
  { on: 'shutdown',                                                      steps: [send('GUEST_PVSHUTDOWN'), request('guest-shutdown')] },

  { on: 'panic-reset',                                                   steps: [command('system_reset'), command('cont')] },
  { on: 'panic-shutdown', when: { shutdown: 'poweroff' },                steps: [shutDown(true, 'guest-panic'), exit('panic exit code')] },
  { on: 'panic-shutdown', when: { shutdown: 'pause' },                   steps: [shutDown(true, 'guest-panic'), stop('shutdown')] },

  { on: 'debug-exit', when: { debugExitShutsDown: false },               steps: [exit(0)] },
  { on: 'debug-exit', when: { debugExitShutsDown: true },                steps: [request('guest-shutdown')] },

  { on: 'guest-shutdown', when: { shutdown: 'poweroff' },                steps: [shutDown(true, 'guest-shutdown'), exit(0)] },
  { on: 'guest-shutdown', when: { shutdown: 'pause' },                   steps: [shutDown(true, 'guest-shutdown'), stop('shutdown')] },

  { on: 'guest-reset', when: { reboot: 'reset' },                        steps: [resetDevices, wasReset(true, 'guest-reset'), command('was-reset')] },
  { on: 'guest-reset', when: { reboot: 'shutdown', shutdown: 'poweroff' }, steps: [shutDown(true, 'guest-reset'), exit(0)] },
  { on: 'guest-reset', when: { reboot: 'shutdown', shutdown: 'pause' },  steps: [shutDown(true, 'guest-reset'), stop('shutdown')] },

  { on: 'was-reset', in: ['running'],                                    steps: [] },
  { on: 'was-reset', when: { resetWhileStopped: 'prelaunch' }, in: STANDING, steps: [enter('prelaunch')] },
  { on: 'was-reset', when: { resetWhileStopped: 'paused if required' }, in: ['prelaunch', 'paused'], steps: [] },
  { on: 'was-reset', when: { resetWhileStopped: 'paused if required', panicIsFinal: false }, in: ['guest-panicked'], steps: [] },
  { on: 'was-reset', when: { resetWhileStopped: 'paused if required', panicIsFinal: true }, in: ['guest-panicked'], steps: [enter('paused')] },
  { on: 'was-reset', when: { resetWhileStopped: 'paused if required' }, in: ['shutdown'], steps: [enter('paused')] },

  { on: 'cont', in: ['running'],                                         steps: [] },
  { on: 'cont', in: ['prelaunch', 'paused'],                             steps: [resume] },
  { on: 'cont', in: ['guest-panicked'], when: { panicIsFinal: false },   steps: [resume] },
  { on: 'cont', in: ['guest-panicked'], when: { panicIsFinal: true },    steps: [refuse(RESET_REQUIRED)] },
  { on: 'cont', in: ['shutdown'],                                        steps: [refuse(RESET_REQUIRED)] },

  { on: 'stop',                                                          steps: [stop('paused')] },

  { on: 'system_reset', when: { reboot: 'reset' },                       steps: [resetDevices, wasReset(false, 'host-qmp-system-reset'), command('was-reset')] },
  { on: 'system_reset', when: { reboot: 'shutdown', shutdown: 'poweroff' }, steps: [shutDown(false, 'host-qmp-system-reset'), exit(0)] },
  { on: 'system_reset', when: { reboot: 'shutdown', shutdown: 'pause' }, steps: [shutDown(false, 'host-qmp-system-reset'), stop('shutdown')] },

  { on: 'system_powerdown',                                              steps: [send('POWERDOWN')] },
  { on: 'quit',                                                          steps: [shutDown(false, 'host-qmp-quit'), exit(0)] },
  { on: 'host-signal',                                                   steps: [shutDown(false, 'host-signal'), exit(0)] },
]

/** What to do about an input in a run state. */
export interface Response {
  readonly steps: readonly Step[]
  /** Nothing but events comes of it: nothing at all, if nobody listens. */
  readonly onlyTells: boolean
}

export type TransitionTable = Readonly<Record<Input, Readonly<Record<RunState, Response>>>>

const tables = new Map<string, TransitionTable>()

/** The rows that hold under a policy; made once for each of the few policies there are. */
export function transitionTable(policy: Policy): TransitionTable {
  const { panic, shutdown, reboot } = policy
  const key = JSON.stringify([panic, shutdown, reboot, ...VERSION_FACTS.map((name) => policy[name])])
  const table = tables.get(key) ?? buildTable(policy)
  tables.set(key, table)
  return table
}

function buildTable(policy: Policy): TransitionTable {
  return byKey(INPUTS, (input) => byKey(RUN_STATES, (state) => responseTo(input, state, policy)))
}

function responseTo(input: Input, state: RunState, policy: Policy): Response {
  const [row] = transitionsFor(input, state, policy)
  if (row === undefined) throw new Error(`no transition for ${input} in ${state}`)
  const steps = row.steps.map((step) => asTold(step, policy))
  return { steps, onlyTells: steps.every((step) => step.do === 'emit') }
}

/** The step with as much of an event's data as the version sends. */
function asTold(step: Step, { shutdownData }: Policy): Step {
  if (step.do !== 'emit' || step.data === undefined || !('guest' in step.data)) return step
  if (shutdownData === 'guest and reason') return step
  const { event, data } = step
  return shutdownData === 'guest' ? { do: 'emit', event, data: { guest: data.guest } } : { do: 'emit', event }
}

function byKey<K extends string, V>(keys: readonly K[], make: (key: K) => V): Record<K, V> {
  return Object.fromEntries(keys.map((key) => [key, make(key)])) as Record<K, V>
}

/** The rows for an input in a state under a policy: one, if the table is right. */
export function transitionsFor(input: Input, state: RunState, policy: Policy): Transition[] {
  return TRANSITIONS.filter((row) => row.on === input && (row.in?.includes(state) ?? true) && fits(row.when, policy))
}

function fits(when: Partial<Policy> = {}, policy: Policy): boolean {
  return Object.entries(when).every(([name, value]) => policy[name as keyof Policy] === value)
}
