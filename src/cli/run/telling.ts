// What a run tells, and to whom: lines for people, JSON for programs, a name for reports.

import { basename } from 'node:path'
import type { Guest } from '../../testing/guest.js'
import { printEntry } from '../print-timeline.js'
import type { Terminal } from '../terminal.js'
import type { Timeline, TimelineEntry } from '../timeline.js'
import { describeExpectations, type Verdict } from './judge.js'
import type { ManagedGuest } from './managed-guest.js'
import type { GuestOptions, RunOptions } from './options.js'
import type { ProgressLine } from './progress-line.js'

const IMAGE_OPTIONS = ['kernel', 'multiboot', 'cdrom', 'hda', 'fda', 'bios'] as const

/** What the guest is called: after its image. */
export function nameOf(options: GuestOptions): string {
  const image = IMAGE_OPTIONS.map((name) => options[name]).find((path) => path !== undefined)
  return image === undefined ? 'builtin' : basename(image)
}

/** What a report calls the run. */
export function titleOf(options: RunOptions): string {
  const manner = options.domain === undefined ? `on-panic ${options.onPanic}` : `domain ${basename(options.domain)}`
  return `${nameOf(options)} in ${options.engine}, ${manner}, expecting ${describeExpectations(options)}`
}

/** What tells of entries as they come, beside the guest's own text if that has the terminal. */
export function entryTeller(
  { json, ndjson, serial }: RunOptions,
  terminal: Terminal,
  progress: ProgressLine,
): ((entry: TimelineEntry) => void) | undefined {
  if (json) return undefined
  const hasText = serial === 'stdio'
  const target = hasText ? terminal.beside() : terminal
  return (entry) => {
    if (ndjson) return target.json(entry)
    if (hasText && entry.kind === 'serial') return
    progress.clear()
    printEntry(target, entry)
  }
}

/** Tells programs how the run came out. */
export function tellResult(
  { json, ndjson, serial }: RunOptions,
  terminal: Terminal,
  result: {
    readonly guest: Guest | undefined
    readonly domain: ManagedGuest | undefined
    readonly timeline: Timeline
    readonly verdict: Verdict
  },
): void {
  const target = serial === 'stdio' ? terminal.beside() : terminal
  const { timeline, serial: text, ...summary } = toJson(result)
  if (json) target.json({ ...summary, serial: text, timeline }, 2)
  if (ndjson) target.json({ kind: 'verdict', ...summary })
}

/** `guest` is undefined if the run was interrupted before there was one. */
function toJson({ guest, domain, timeline, verdict }: Parameters<typeof tellResult>[2]) {
  const { runState = null, exitCode = null, panics } = guest?.machine ?? {}
  return {
    verdict: verdict.text,
    exitCode: verdict.exitCode,
    runState,
    machineExitCode: exitCode,
    ...(domain && { domain: domain.summary }),
    panics: { total: panics?.total ?? 0, dropped: panics?.dropped ?? 0, entries: panics?.entries() ?? [] },
    serial: guest?.serial.text ?? '',
    timeline: timeline.entries,
    timelineDropped: timeline.dropped,
  }
}
