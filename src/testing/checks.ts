// What tests claim about a guest, judged: the verdict, and what to say when a claim does not hold.

import { hex } from '../common/hex.js'
import type { PvpanicEvent } from '../devices/pvpanic.js'
import type { GuestMachine } from './engine.js'
import type { SerialText } from './serial-text.js'

/** A guest, or a machine alone. */
export type Checked = GuestMachine | { readonly machine: GuestMachine; readonly serial: SerialText }

/** Whether a claim holds. */
export interface Check {
  readonly pass: boolean
  /** Why it does not hold (or why it does, for a claim that it should not), with what the guest did. */
  message(negated?: boolean): string
}

/** Reports and serial lines that a message quotes. */
const QUOTED_REPORTS = 10
const QUOTED_LINES = 10

/** The guest has reported a panic. */
export function checkPanicked(checked: Checked): Check {
  return checkReported(checked, 'panicked', 'the guest to have panicked')
}

/** The guest has made such a report, among those that the panic log keeps. */
export function checkReported(
  checked: Checked,
  event: PvpanicEvent,
  claim = `the guest to have reported ${event}`,
): Check {
  const { panics } = machineOf(checked)
  return check(
    checked,
    panics.entries().some((entry) => entry.event === event),
    claim,
  )
}

/** The machine is in this run state: a `RunState`, or another of QEMU's. */
export function checkRunState(checked: Checked, runState: string): Check {
  const actual = machineOf(checked).runState
  return check(checked, actual === runState, `run state ${runState}`, actual)
}

/** The machine has ended with this exit code. */
export function checkExitCode(checked: Checked, exitCode: number): Check {
  const actual = machineOf(checked).exitCode
  const told = actual === undefined ? 'a machine that has not ended' : `${actual}`
  return check(checked, actual === exitCode, `exit code ${exitCode}`, told)
}

function machineOf(checked: Checked): GuestMachine {
  return 'machine' in checked ? checked.machine : checked
}

function check(checked: Checked, pass: boolean, claim: string, actual?: string): Check {
  const got = actual === undefined ? '' : `, got ${actual}`
  return { pass, message: (negated = false) => `expected ${negated ? 'not ' : ''}${claim}${got}\n${describe(checked)}` }
}

/** What the machine and its guest did so far. */
function describe(checked: Checked): string {
  const { panics, runState, exitCode } = machineOf(checked)
  const reports = panics.entries().slice(-QUOTED_REPORTS)
  const log = reports.map(({ event, value, time }) => {
    return `  ${new Date(time).toISOString()} ${event} (${hex(value, 2)} written)`
  })
  const lines = 'serial' in checked ? checked.serial.lastLines(QUOTED_LINES).map((line) => `  ${line}`) : undefined
  return [
    `run state: ${runState}${exitCode === undefined ? '' : `, exit code ${exitCode}`}`,
    `panic log, ${panics.total} in all:${log.length === 0 ? ' empty' : ''}`,
    ...log,
    ...(lines === undefined ? [] : [`last serial lines:${lines.length === 0 ? ' none' : ''}`, ...lines]),
  ].join('\n')
}
