// Option 2b's detection: what a planned QEMU answers when asked for its types, and what a manager makes of the answers.

import type { PlannedRange } from './planned-qemu.js'

/** How a QEMU shows option 2b that it is good: the device has a new name, or the old device has a new property. */
export const MARKERS = ['renamed device', 'dummy property', 'reversibility property'] as const
/** A way in which libvirt could find out what a QEMU can do. */
export type Marker = (typeof MARKERS)[number]

/** Asks a QEMU over QMP and gives the answer's `return`; undefined stands for QMP's error DeviceNotFound. */
export type QmpQuery = (command: 'qom-list-types' | 'device-list-properties', typename?: string) => unknown

/** What a manager knows of a QEMU after asking it. */
export interface Detected {
  /** The type name of the pvpanic device; none: this QEMU has none. */
  readonly typeName: string | undefined
  /** No machine type has the device built in; in stage B also: a panicked guest can go on. */
  readonly marked: boolean
}

const OLD_NAME = 'pvpanic'
const NEW_NAME = 'isa-pvpanic'
/** The message names no property; only that it is there matters. */
const PROPERTIES = { 'dummy property': 'not-builtin', 'reversibility property': 'definitive' } as const

/**
 * A QEMU of a range as the message plans it, answering as QMP does. In stage A 1.5.4 and 1.6.1 carry the marker
 * already; once it means reversibility, only what follows does. A property that says whether the panicked state is
 * definitive would not go into the stable branches in any stage.
 */
export function plannedQmp(range: PlannedRange, stage: 'A' | 'B', marker: Marker): QmpQuery {
  const inStage = stage === 'A' && marker !== 'reversibility property'
  const marked = range.device && (inStage ? !range.builtin : range.reversible)
  const typeName = marked && marker === 'renamed device' ? NEW_NAME : OLD_NAME
  const added = marked && marker !== 'renamed device' ? [{ name: PROPERTIES[marker], type: 'bool' }] : []
  return (command, asked) => {
    if (command === 'qom-list-types') {
      const names = range.device ? ['isa-debug-exit', typeName] : ['isa-debug-exit']
      return names.map((name) => ({ name, parent: 'isa-device' }))
    }
    if (!range.device || asked !== typeName) return undefined
    return [{ name: 'iobase', type: 'uint16' }, ...added]
  }
}

/** Finds the marker by asking. It compares no version numbers: a distribution's 1.6 with the fix is as good as a 1.7. */
export function detectMarker(query: QmpQuery, marker: Marker): Detected {
  const types = namesIn(query('qom-list-types'))
  if (types.includes(NEW_NAME)) return { typeName: NEW_NAME, marked: marker === 'renamed device' }
  if (!types.includes(OLD_NAME)) return { typeName: undefined, marked: false }
  if (marker === 'renamed device') return { typeName: OLD_NAME, marked: false }
  const properties = namesIn(query('device-list-properties', OLD_NAME))
  return { typeName: OLD_NAME, marked: properties.includes(PROPERTIES[marker]) }
}

function namesIn(answer: unknown): string[] {
  if (!Array.isArray(answer)) return []
  return answer.flatMap((entry: unknown) => {
    return typeof entry === 'object' && entry !== null && 'name' in entry && typeof entry.name === 'string'
      ? [entry.name]
      : []
  })
}
