// Whether a run showed what was expected of its guest.

import type { PanicLogEntry } from '../../machine/panic-log.js'
import type { PanicMode } from '../../machine/transitions.js'
import type { Guest } from '../../testing/guest.js'
import { GuestError, type GuestFailure } from '../../testing/waiters.js'
import { EXIT } from '../exit-codes.js'

/** What `--expect` takes, and the report that it means. */
const EXPECTATIONS = {
  panic: 'panicked',
  'crash-loaded': 'crash-loaded',
  shutdown: 'shutdown',
  none: undefined,
} as const
export type Expectation = keyof typeof EXPECTATIONS
export const EXPECTATION_NAMES = Object.keys(EXPECTATIONS) as Expectation[]

/** How a run ended, for the last line and for reports. */
export interface Verdict {
  readonly exitCode: number
  readonly text: string
}

/** What a run must show; all that is given. Without any, a report will do, and so will an end of the machine. */
export interface Expectations {
  /** The first report, or none before the end. */
  readonly expect?: Expectation
  /** The exit code with which the machine ends: after the report that is expected, else without any. */
  readonly expectExit?: number
  /** What the guest prints at some time. */
  readonly expectSerial?: RegExp
  /** What the guest must not print before everything else has come. */
  readonly failOn?: RegExp
  /** Under reset with a limit, and without anything else to expect, the limit is waited for. */
  readonly onPanic: PanicMode
  readonly resetLimit?: number
}

/** A run's time limit in milliseconds, and when it is over by `performance.now()`. */
export interface TimeLimit {
  readonly timeoutMs: number
  readonly deadline: number
}

/** What is waited for, in words. */
export function describeExpectations({ expect, expectExit, expectSerial }: Expectations): string {
  const wanted = [
    expect === undefined ? [] : [expect === 'none' ? 'no report' : expect],
    expectExit === undefined ? [] : [`exit code ${expectExit}`],
    expectSerial === undefined ? [] : [textOf(expectSerial)],
  ].flat()
  return wanted.length === 0 ? 'a report or an end' : wanted.join(' and ')
}

const textOf = (pattern: RegExp | undefined): string => `text /${pattern?.source}/`

/** Waits until the guest has shown what is expected, or cannot any more. */
export function judge(guest: Guest, expectations: Expectations, limit: TimeLimit): Promise<Verdict> {
  const { failOn } = expectations
  // First, so that it wins where both come at once.
  const failing = failOn === undefined ? [] : [printed(guest, failOn, limit)]
  return Promise.race([...failing, new Judge(guest, expectations, limit).verdict()])
}

/** A verdict if the guest prints what it must not; else it never comes. */
function printed(guest: Guest, failOn: RegExp, limit: TimeLimit): Promise<Verdict> {
  return new Promise((resolve) => {
    guest.serial.waitFor(failOn, { timeoutMs: left(limit) }).then(
      ([text]) => resolve({ exitCode: EXIT.unexpected, text: `the guest printed ${JSON.stringify(text)} (--fail-on)` }),
      () => {},
    )
  })
}

const left = ({ deadline }: TimeLimit): number => Math.max(1, Math.ceil(deadline - performance.now()))

class Judge {
  readonly #guest: Guest
  readonly #expectations: Expectations
  readonly #limit: TimeLimit
  /** The text that is expected, as soon as it was printed. */
  readonly #text: Promise<unknown> | undefined
  #isTextSeen = false

  constructor(guest: Guest, expectations: Expectations, limit: TimeLimit) {
    this.#guest = guest
    this.#expectations = expectations
    this.#limit = limit
    const { expectSerial } = expectations
    this.#text = expectSerial && guest.serial.waitFor(expectSerial, { timeoutMs: left(limit) })
    this.#text?.then(
      () => {
        this.#isTextSeen = true
      },
      () => {},
    )
  }

  async verdict(): Promise<Verdict> {
    const { expect, expectExit } = this.#expectations
    try {
      if (expect === undefined && expectExit === undefined && this.#text !== undefined) return await this.#textAlone()
      const verdict = await this.#reportOrEnd()
      return verdict.exitCode === EXIT.asExpected ? await this.#textAfter(verdict) : verdict
    } catch (error) {
      if (!(error instanceof GuestError)) throw error
      return this.#end(error)
    }
  }

  /** Nothing but text is expected: the guest may report as it likes, while it can still print. */
  async #textAlone(): Promise<Verdict> {
    const found = this.#text?.then(() => undefined)
    while (true) {
      const report = await Promise.race([found, this.#guest.nextPanic({ timeoutMs: left(this.#limit) })])
      if (this.#isTextSeen || report === undefined) return this.#textPrinted()
      if (this.#stands())
        return this.#unmet(`the guest reported ${report.event}; run state ${this.#guest.machine.runState}`)
    }
  }

  #textPrinted(): Verdict {
    return { exitCode: EXIT.asExpected, text: `the guest printed ${this.#wantedText()}` }
  }

  /** The rest was as expected: so must be the text, now or later. */
  async #textAfter(verdict: Verdict): Promise<Verdict> {
    if (this.#text === undefined) return verdict
    const canPrint = !this.#stands() && this.#guest.ending === undefined
    if (!this.#isTextSeen && !canPrint) return this.#unmet(verdict.text)
    await this.#text
    return { exitCode: EXIT.asExpected, text: `${verdict.text}; it printed ${this.#wantedText()}` }
  }

  async #reportOrEnd(): Promise<Verdict> {
    const { expect, expectExit, onPanic, resetLimit } = this.#expectations
    const report = await this.#guest.nextPanic({ timeoutMs: left(this.#limit) })
    const anythingWillDo = expect === undefined && expectExit === undefined
    if (anythingWillDo && onPanic === 'reset' && resetLimit !== undefined) return this.#awaitLimit(resetLimit, report)
    const told = `the guest reported ${report.event}; run state ${this.#guest.machine.runState}`
    if (!anythingWillDo && (expect === undefined || EXPECTATIONS[expect] !== report.event)) return this.#unmet(told)
    return expectExit === undefined ? { exitCode: EXIT.asExpected, text: told } : this.#exitAfter(report, expectExit)
  }

  /** The report was as expected: the machine is to end with a code. */
  async #exitAfter({ event }: PanicLogEntry, expectExit: number): Promise<Verdict> {
    const { reason } = await this.#guest.ended({ timeoutMs: left(this.#limit) })
    if (reason === 'fault') return this.#fault()
    const told = `the guest reported ${event}, and ${this.#howItEnded(reason)}`
    return this.#guest.exitCode === expectExit ? { exitCode: EXIT.asExpected, text: told } : this.#unmet(told)
  }

  /** Lets the guest panic and start anew until it is preserved. An end before that is one, too: the mode was carried out. */
  async #awaitLimit(resetLimit: number, { event }: PanicLogEntry): Promise<Verdict> {
    const { machine } = this.#guest
    const limit = `the limit of ${resetLimit} resets`
    try {
      while (machine.runState !== 'guest-panicked') await this.#guest.nextPanic({ timeoutMs: left(this.#limit) })
      return { exitCode: EXIT.asExpected, text: `the guest panicked at ${limit}; run state ${machine.runState}` }
    } catch (error) {
      if (!(error instanceof GuestError)) throw error
      const { reason } = error
      if (reason === 'fault') return this.#fault()
      if (reason === 'timeout') {
        return { exitCode: EXIT.timedOut, text: `time ran out before ${limit}; reports: ${machine.panics.total}` }
      }
      const how = this.#howItEnded(reason)
      return { exitCode: EXIT.asExpected, text: `the guest reported ${event}, and ${how} before ${limit}` }
    }
  }

  /** No report came, or not all that was to come. */
  #end({ reason, message }: GuestError): Verdict | Promise<Verdict> {
    if (reason === 'fault') return this.#fault()
    if (reason === 'timeout') return { exitCode: EXIT.timedOut, text: this.#timeoutText() }
    const { expect, expectExit } = this.#expectations
    if (reason === 'unreported' || reason === 'rebooting') {
      const isWanted = expect === 'none' && expectExit === undefined && this.#text === undefined
      return {
        exitCode: isWanted ? EXIT.asExpected : EXIT.unexpected,
        text: message.split('; its last lines')[0] ?? '',
      }
    }
    const { total } = this.#guest.machine.panics
    const how = `the guest ${this.#howItEnded(reason)}${total === 0 && expectExit === undefined ? ' without a report' : ''}`
    if (this.#text !== undefined) {
      if (!this.#isTextSeen) return this.#unmet(how)
      if (expect === undefined && expectExit === undefined) return this.#textPrinted()
    }
    const isWanted =
      expectExit !== undefined
        ? this.#guest.exitCode === expectExit && (expect ?? 'none') === 'none'
        : expect === 'none' || (expect === undefined && reason === 'ended')
    if (isWanted) return { exitCode: EXIT.asExpected, text: how }
    return expectExit === undefined ? { exitCode: EXIT.unexpected, text: how } : this.#unmet(how)
  }

  #timeoutText(): string {
    const { timeoutMs } = this.#limit
    const { total } = this.#guest.machine.panics
    if (total > 0)
      return `time ran out (${timeoutMs} ms) after ${total} reports; expected was ${describeExpectations(this.#expectations)}`
    return `no report and no end within ${timeoutMs} ms${this.#guest.likelyReasons.map((why) => `; ${why}`).join('')}`
  }

  #unmet(told: string): Verdict {
    return { exitCode: EXIT.unexpected, text: `${told}; expected was ${describeExpectations(this.#expectations)}` }
  }

  #fault(): Verdict {
    return { exitCode: EXIT.fault, text: this.#guest.ending?.error?.message ?? 'the emulator failed' }
  }

  #howItEnded(reason: GuestFailure): string {
    if (reason === 'disposed') return 'was ended'
    return reason === 'ended' ? `ended with exit code ${this.#guest.exitCode}` : 'halted for good'
  }

  /** Whether the machine keeps the guest where it is. */
  #stands(): boolean {
    return this.#guest.machine.runState !== 'running'
  }

  #wantedText(): string {
    return textOf(this.#expectations.expectSerial)
  }
}
