// What tests claim about a guest, judged: the verdict, and what to say when a claim does not hold.

import { hex } from '../common/hex.js'
import type { PvpanicEvent } from '../devices/pvpanic.js'
import type { RunState } from '../machine/transitions.js'
import type { GuestMachine } from './engine.js'
import type { SerialText } from './serial-text.js'

/** A guest, or a machine alone. */
export type Checked = GuestMachine | { readonly machine: GuestMachine; readonly serial: SerialText }

/** A machine's run state; or one that only a QEMU under test has, by the name that its query-status tells. */
export type GuestRunState =
  | RunState
  | ('debug' | 'finish-migrate' | 'inmigrate' | 'internal-error' | 'io-error' | 'postmigrate')
  | ('colo' | 'restore-vm' | 'save-vm' | 'suspended' | 'watchdog')

/** Whether a claim holds. */
export interface Check {
  readonly pass: boolean
  /** What was found and what was claimed, for a test runner to show. */
  readonly actual: unknown
  readonly expected: unknown
  /** Why it does not hold (or why it does, for a claim that it should not), with what the guest did. */
  message(negated?: boolean): string
}

/** Reports and serial lines that a message quotes. */
const QUOTED_REPORTS = 10
const QUOTED_LINES = 10

/** The guest has reported a panic. */
export function checkPanicked(checked: Checked): Check {
  return checkReports(checked, 'panicked', 'have panicked')
}

/** The guest has made such a report, among those that the panic log keeps. */
export function checkReported(checked: Checked, event: PvpanicEvent): Check {
  return checkReports(checked, event, `have reported ${event}`)
}

/** The machine is in this run state. */
export function checkRunState(checked: Checked, runState: GuestRunState): Check {
  const actual = machineOf(checked).runState
  return check(checked, `the run state to be ${runState}`, `the run state not to be ${runState}`, actual, runState)
}

/** The machine has ended with this exit code. */
export function checkExitCode(checked: Checked, exitCode: number): Check {
  const actual = machineOf(checked).exitCode
  const claim = `end with exit code ${exitCode}`
  return check(checked, `the machine to ${claim}`, `the machine not to ${claim}`, actual, exitCode)
}

function checkReports(checked: Checked, event: PvpanicEvent, claim: string): Check {
  const reports = machineOf(checked)
    .panics.entries()
    .map((entry) => entry.event)
  const found = reports.includes(event) ? event : reports.at(-1)
  return check(checked, `the guest to ${claim}`, `the guest not to ${claim}`, found, event)
}

function machineOf(checked: Checked): GuestMachine {
  return 'machine' in checked ? checked.machine : checked
}

function check(checked: Checked, claim: string, opposite: string, actual: unknown, expected: unknown): Check {
  const got = actual === undefined || actual === expected ? '' : `, got ${actual}`
  return {
    pass: actual === expected,
    actual,
    expected,
    message: (negated = false) => `expected ${negated ? opposite : claim}${got}\n${describe(checked)}`,
  }
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
