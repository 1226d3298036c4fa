// Option 2b's detection: what a manager asks a QEMU over QMP, and what it makes of the answers.

import { QmpError } from '../monitor/qmp/error.js'
import { executeQmp } from '../monitor/qmp/execute.js'
import type { QmpMonitor } from '../monitor/qmp/monitor.js'
import type { PlannedRange } from './planned-qemu.js'

/** How a QEMU shows option 2b that it is good: the device has a new name, or the old device has a new property. */
export const MARKERS = ['renamed device', 'dummy property', 'reversibility property'] as const
/** One of `MARKERS`. */
export type Marker = (typeof MARKERS)[number]

/** What a manager knows of a QEMU after asking it. */
export interface Detected {
  /** The type name of the pvpanic device; none: this QEMU has none. */
  readonly typeName: string | undefined
  /** No machine type has the device built in; in stage B also: a panicked guest can go on. */
  readonly marked: boolean
}

const OLD_NAME = 'pvpanic'
const NEW_NAME = 'isa-pvpanic'
/** The proposal names no property; only that it is there matters. */
export const MARKER_PROPERTIES: Readonly<Record<Marker, string | undefined>> = {
  'renamed device': undefined,
  'dummy property': 'not-builtin',
  'reversibility property': 'definitive',
}

/**
 * Whether a QEMU of a range carries the marker. In stage A 1.5.4 and 1.6.1 do already; once it means reversibility, only
 * what follows does. A property that says whether the panicked state is definitive would not go into the stable
 * branches in any stage.
 */
export function isMarked(range: PlannedRange, stage: 'A' | 'B', marker: Marker): boolean {
  const inStage = stage === 'A' && marker !== 'reversibility property'
  return range.device && (inStage ? !range.builtin : range.reversible)
}

/** What such a QEMU calls the device. */
export function plannedTypeName(range: PlannedRange, stage: 'A' | 'B', marker: Marker | undefined): string {
  return marker === 'renamed device' && isMarked(range, stage, marker) ? NEW_NAME : OLD_NAME
}

/**
 * Finds the marker by asking. It compares no version numbers: a distribution's 1.6 with the fix is as good as a 1.7.
 * @param monitor undefined for a QEMU before the device, which no Machine is.
 */
export function detectMarker(monitor: QmpMonitor | undefined, marker: Marker): Detected {
  if (monitor === undefined) return { typeName: undefined, marked: false }
  const types = namesIn(executeQmp(monitor, 'qom-list-types', { implements: 'device' }))
  if (types.includes(NEW_NAME)) return { typeName: NEW_NAME, marked: marker === 'renamed device' }
  if (!types.includes(OLD_NAME)) return { typeName: undefined, marked: false }
  const property = MARKER_PROPERTIES[marker]
  if (property === undefined) return { typeName: OLD_NAME, marked: false }
  return { typeName: OLD_NAME, marked: propertiesOf(monitor, OLD_NAME).includes(property) }
}

function propertiesOf(monitor: QmpMonitor, typename: string): string[] {
  try {
    return namesIn(executeQmp(monitor, 'device-list-properties', { typename }))
  } catch (error) {
    if (error instanceof QmpError) return []
    throw error
  }
}

function namesIn(answer: unknown): string[] {
  if (!Array.isArray(answer)) return []
  return answer.flatMap((entry: unknown) => {
    return typeof entry === 'object' && entry !== null && 'name' in entry && typeof entry.name === 'string'
      ? [entry.name]
      : []
  })
}
