// What a machine is to do about panic, shutdown and reboot, and how each QEMU version is told so.

import type { QemuFacts } from '../../src/machine/qemu-versions.js'

/** QEMU's `-action`. */
export interface Actions {
  readonly panic: 'pause' | 'shutdown' | 'exit-failure' | 'none'
  readonly shutdown: 'poweroff' | 'pause'
  readonly reboot: 'reset' | 'shutdown'
}

type Facts = Pick<QemuFacts, 'actions' | 'panicByDefault'>

/** What a QEMU does that is told nothing. */
export function defaultActions({ panicByDefault }: Facts): Actions {
  return { panic: panicByDefault === 'preserve' ? 'pause' : 'shutdown', shutdown: 'poweroff', reboot: 'reset' }
}

/** Every combination that the version can be told. */
export function actionCombinations(qemu: Facts): Actions[] {
  const panics = qemu.actions ? (['pause', 'shutdown', 'exit-failure', 'none'] as const) : [defaultActions(qemu).panic]
  return panics.flatMap((panic) =>
    (['poweroff', 'pause'] as const).flatMap((shutdown) =>
      (['reset', 'shutdown'] as const).map((reboot) => ({ panic, shutdown, reboot })),
    ),
  )
}

/** Under which neither a panic nor a shutdown ends the machine. */
export function survivingActions(qemu: Facts): Actions {
  return { ...defaultActions(qemu), ...(qemu.actions && { panic: 'pause' }), shutdown: 'pause' }
}

/** The options that say so; by the older two alone where they can. */
export function actionArguments(actions: Actions, qemu: Facts, wantsAction = qemu.actions): string[] {
  const { panic, shutdown, reboot } = actions
  if (wantsAction) return ['-action', `panic=${panic},shutdown=${shutdown},reboot=${reboot}`]
  return [
    ...(panic === defaultActions(qemu).panic ? [] : ['-action', `panic=${panic}`]),
    ...(shutdown === 'pause' ? ['-no-shutdown'] : []),
    ...(reboot === 'shutdown' ? ['-no-reboot'] : []),
  ]
}
