// The transition table as a table: complete, without contradictions, and true to the rules it is made of.

import { describe, expect, it } from 'vitest'
import { qemuProfile } from '../../src/machine/qemu-versions.js'
import {
  INPUTS,
  type Policy,
  panicResponse,
  RUN_STATES,
  TRANSITIONS,
  transitionsFor,
} from '../../src/machine/transitions.js'

/** One of each kind: the rows of QEMU_HISTORY that choose between transitions change between them. */
const VERSIONS = ['1.5.0', '1.7.0', '2.6', '2.8', '2.10', '4.0', '6.0', '9.1']

const policies: Policy[] = []
for (const panic of ['pause', 'poweroff', 'run', 'reset'] as const) {
  for (const shutdown of ['poweroff', 'pause'] as const) {
    for (const reboot of ['reset', 'shutdown'] as const) {
      for (const qemu of VERSIONS) policies.push({ ...qemuProfile(qemu), panic, shutdown, reboot })
    }
  }
}

describe('the transition table', () => {
  it.each(INPUTS)('has exactly one row for %s in every state under every policy', (input) => {
    for (const policy of policies) {
      for (const state of RUN_STATES) {
        expect(transitionsFor(input, state, policy), `${state} ${JSON.stringify(policy)}`).toHaveLength(1)
      }
    }
  })

  it('has no row that never holds', () => {
    const used = new Set(
      policies.flatMap((policy) => RUN_STATES.flatMap((s) => INPUTS.flatMap((i) => transitionsFor(i, s, policy)))),
    )
    expect(used.size).toBe(TRANSITIONS.length)
  })
})

// As QEMU does in the recorded lifecycles: shutdown=pause keeps the guest under panic=shutdown, not under exit-failure.
it.each([
  ['log', 0, 'poweroff', true, 'run'],
  ['preserve', 0, 'poweroff', true, 'pause'],
  ['reset', 0, 'poweroff', true, 'reset'],
  ['reset', 0, 'poweroff', false, 'pause'],
  ['destroy', 0, 'poweroff', true, 'poweroff'],
  ['destroy', 0, 'pause', true, 'pause'],
  ['destroy', 1, 'pause', true, 'poweroff'],
] as const)(
  'the mode %s with exit code %i, shutdown %s and resets left %s: %s',
  (onPanic, panicExitCode, shutdownAction, mayReset, response) => {
    expect(panicResponse({ onPanic, panicExitCode, shutdownAction, mayReset })).toBe(response)
  },
)
