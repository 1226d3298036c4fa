// QEMU's words for what a machine does about panic, shutdown and reboot, and what they are in ours.

import type { MachineActions } from '../machine/machine-options.js'
import { checkNames, HelpRequest, parseKeyValues, readWord, type Warn } from './keyval.js'

/** The words that `-action` and `set-action` take, in the order in which QEMU checks them. */
export const ACTION_WORDS = {
  reboot: ['reset', 'shutdown'],
  shutdown: ['poweroff', 'pause'],
  panic: ['pause', 'shutdown', 'exit-failure', 'none'],
  watchdog: ['reset', 'shutdown', 'poweroff', 'pause', 'debug', 'none', 'inject-nmi'],
} as const

/** A word for each event, or none. */
export type ActionWords = {
  readonly [Event in keyof typeof ACTION_WORDS]?: (typeof ACTION_WORDS)[Event][number] | undefined
}

const ON_PANIC = {
  pause: { onPanic: 'preserve' },
  shutdown: { onPanic: 'destroy', panicExitCode: 0 },
  'exit-failure': { onPanic: 'destroy', panicExitCode: 1 },
  none: { onPanic: 'log' },
} as const satisfies Record<(typeof ACTION_WORDS)['panic'][number], Partial<MachineActions>>

/** The machine's settings that the words mean. `watchdog` means nothing: there is none. */
export function machineActions({ reboot, shutdown, panic }: ActionWords): Partial<MachineActions> {
  return {
    ...(panic && ON_PANIC[panic]),
    ...(shutdown && { shutdownAction: shutdown }),
    ...(reboot && { rebootAction: reboot }),
  }
}

/** The words for a machine's settings. A machine that resets after a panic has none: it is kept, and its manager resets it. */
export function actionWords({ onPanic, panicExitCode, ...actions }: Partial<MachineActions>): ActionWords {
  const panics = { preserve: 'pause', reset: 'pause', destroy: 'shutdown', log: 'none' } as const
  const fails = onPanic === 'destroy' && panicExitCode === 1
  return {
    ...(onPanic && { panic: fails ? 'exit-failure' : panics[onPanic] }),
    ...(actions.shutdownAction && { shutdown: actions.shutdownAction }),
    ...(actions.rebootAction && { reboot: actions.rebootAction }),
  }
}

/**
 * Reads the argument of `-action`.
 * @param warn told of what QEMU warns of.
 * @throws {OptionError | HelpRequest}
 */
export function parseActions(argument: string, warn: Warn): Partial<MachineActions> {
  const values = parseKeyValues(argument, undefined, warn)
  if (values.has('help')) {
    const names = Object.keys(ACTION_WORDS).sort()
    throw new HelpRequest(['action options:', ...names.map((name) => `  ${name}=<str>`), ''].join('\n'), 1)
  }
  checkNames(values, Object.keys(ACTION_WORDS))
  const words = Object.entries(ACTION_WORDS).map(([name, allowed]) => {
    const value = values.get(name)
    return [name, value === undefined ? undefined : readWord<string>(name, value, allowed)]
  })
  return machineActions(Object.fromEntries(words))
}
