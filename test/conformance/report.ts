// Tells a person, or a program, how a comparison goes and how it went.

import type { Difference } from './compare.js'
import type { Outcome } from './target.js'

/** How a comparison went. */
export interface Report {
  readonly reference: string
  readonly subject: string
  readonly seed: number
  /** Inputs that both were given. */
  operations: number
  /** Machines that were started, one each. */
  lives: number
  /** Of them, those that ended with an exit code. */
  ended: number
  /** Events that the reference sent. */
  events: number
  /** Without shrinking. */
  seconds: number
  /** Lives that differ. */
  differences: number
  /** Made as short as possible. */
  first: Difference | undefined
  /** Known differences that were not found as the list has them. */
  readonly unexpected: readonly string[]
}

const REDRAW_MS = 200

/** A line on a terminal that says how far it is; nothing in a pipe. */
export class Progress {
  readonly #wanted: boolean
  readonly #total: number
  readonly #started = performance.now()
  #drawn = 0

  constructor(total: number, wanted: boolean) {
    this.#total = total
    this.#wanted = wanted && process.stderr.isTTY === true
  }

  show({ operations, differences }: Report): void {
    const now = performance.now()
    if (now - this.#drawn < REDRAW_MS) return
    this.#drawn = now
    const left = ((now - this.#started) / operations) * (this.#total - operations)
    this.say(
      `${grouped(operations)} of ${grouped(this.#total)} operations, ${differences} differences, ` +
        `${Math.ceil(left / 1000)} s left`,
    )
  }

  say(text: string): void {
    if (this.#wanted) process.stderr.write(`\r\x1b[K${text}`)
  }

  end(): void {
    this.say('')
  }
}

export function printReport(report: Report, { json }: { readonly json?: boolean }): void {
  if (json) {
    console.log(JSON.stringify(report))
    return
  }
  const { reference, subject, operations, lives, ended, events, differences, seed, seconds, first, unexpected } = report
  console.log(`reference: ${reference}`)
  console.log(`subject:   ${subject}`)
  console.log(
    `${grouped(operations)} operations on ${grouped(lives)} machines each, of which ${grouped(ended)} ended; ` +
      `${grouped(events)} events; seed ${seed}; ${seconds.toFixed(1)} s`,
  )
  for (const sentence of unexpected) console.log(`known difference no longer as listed: ${sentence}`)
  console.log(`${differences} ${differences === 1 ? 'machine differs' : 'machines differ'}`)
  if (first !== undefined) printDifference(first)
}

function printDifference({ setup, inputs, group, expected, actual }: Difference): void {
  console.log(
    `\nThe shortest stream found that shows the first one, with ${setup.arguments.join(' ') || 'no arguments'}:`,
  )
  for (const input of inputs) console.log(`  ${input}`)
  if (group.length > 1) console.log(`the last ${group.length} sent without waiting between them`)
  console.log(`expected: ${told(expected)}\nactual:   ${told(actual)}`)
}

function told(outcome: Outcome): string {
  return JSON.stringify(outcome)
}

function grouped(value: number): string {
  return value.toLocaleString('en')
}
