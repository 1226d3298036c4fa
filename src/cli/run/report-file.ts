// What a run showed, as files that continuous integration reads: JUnit's XML and TAP.

import { InvalidArgumentError } from 'commander'
import { EXIT } from '../exit-codes.js'
import { writeUserFile } from '../user-files.js'
import type { Verdict } from './judge.js'

/** Lines of the guest in a failure's text. */
const QUOTED_LINES = 20
const FORMATS = { junit: toJunit, tap: toTap } as const
type ReportFormat = keyof typeof FORMATS

/** Where a report goes, and in which format. */
export interface ReportTarget {
  readonly format: ReportFormat
  readonly path: string
}

/** What a report tells of a run. */
export interface RunSummary extends Verdict {
  readonly name: string
  readonly seconds: number
  /** All that the guest printed. */
  readonly serial: string
  /** What the kernel printed of its failure, if it did. */
  readonly failureLines: readonly string[]
}

/** Parses `junit=FILE` or `tap=FILE`. */
export function parseReportTarget(text: string): ReportTarget {
  const [, format, path] = /^(junit|tap)=(.+)$/s.exec(text) ?? []
  if (format === undefined || path === undefined) {
    throw new InvalidArgumentError('Expected junit=FILE or tap=FILE.')
  }
  return { format: format as ReportFormat, path }
}

/** Writes the report. @throws {UsageError} if its file cannot be written. */
export function writeReport({ format, path }: ReportTarget, summary: RunSummary): Promise<void> {
  return writeUserFile(path, FORMATS[format](summary))
}

function toJunit({ name, seconds, exitCode, text, serial, failureLines }: RunSummary): string {
  const passed = exitCode === EXIT.asExpected
  const isError = exitCode === EXIT.fault
  const explanation = [`exit code ${exitCode}: ${text}`, ...failureLines, ...lastLines(serial)].join('\n')
  const problem = isError ? 'error' : 'failure'
  const counts = `tests="1" failures="${passed || isError ? 0 : 1}" errors="${isError ? 1 : 0}" skipped="0"`
  const time = `time="${seconds.toFixed(3)}"`
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="isa-pvpanic" ${counts} ${time}>`,
    `  <testsuite name="isa-pvpanic" ${counts} ${time}>`,
    `    <testcase classname="isa-pvpanic" name="${xml(name)}" ${time}>`,
    ...(passed ? [] : [`      <${problem} message="${xml(text)}">${xml(explanation)}</${problem}>`]),
    `      <system-out>${xml(serial)}</system-out>`,
    '    </testcase>',
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n')
}

function toTap({ name, seconds, exitCode, text, serial }: RunSummary): string {
  const printed = serial.replace(/\r/g, '').split('\n').filter(Boolean)
  return [
    'TAP version 13',
    '1..1',
    `${exitCode === EXIT.asExpected ? 'ok' : 'not ok'} 1 - ${oneLine(name)}`,
    '  ---',
    `  message: ${JSON.stringify(text)}`,
    `  exitCode: ${exitCode}`,
    `  duration_ms: ${(1000 * seconds).toFixed(3)}`,
    '  ...',
    ...printed.map((line) => `# ${oneLine(line)}`),
    '',
  ].join('\n')
}

/** What the guest printed last, for whoever sees the failure alone. */
function lastLines(serial: string): string[] {
  const lines = serial.split(/[\r\n]+/).filter(Boolean)
  return lines.length === 0
    ? ['The guest printed nothing.']
    : ['The guest printed last:', ...lines.slice(-QUOTED_LINES)]
}

/** A hash sign would begin a directive of TAP. */
function oneLine(text: string): string {
  return text.replace(/[^\x20-\x7e\xa0-\xff]/g, '·').replace(/#/g, '\\#')
}

/** Text for XML 1.0, which has no way to write most control characters. */
function xml(text: string): string {
  const names: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  return text.replace(/[^\t\n\x20-\x7e\xa0-\xff]/g, '').replace(/[&<>"]/g, (character) => names[character] ?? '')
}
