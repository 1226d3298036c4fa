// What QEMU's versions and machine types could do about pvpanic, as data with sources.

import { OptionRangeError } from '../common/check.js'

/** How a QEMU version with a machine type behaves, as far as it concerns pvpanic. */
export interface QemuProfile {
  /** As given, or the newest known. */
  readonly version: string
  /** The machine type's own name: aliases resolved. */
  readonly machineType: string
  /** The board brings a pvpanic device itself. */
  readonly builtinPvpanic: boolean
  /** A second pvpanic device is accepted. */
  readonly severalPvpanics: boolean
  /** `cont` is refused once the guest panicked. */
  readonly panicIsFinal: boolean
  /** Bits of a written byte that the device acts on. */
  readonly knownEvents: number
  /** What a read of the port shows unless told otherwise. */
  readonly defaultEvents: number
  /** The command line has `-action`, QMP `set-action`. */
  readonly actions: boolean
}

/** A fact that holds for versions from `since` on and before `until`. */
interface Fact {
  readonly since: string
  readonly until?: string
  readonly source: string
}

/** When each ability came and went. Commits are QEMU's. */
export const QEMU_HISTORY = {
  pvpanic: { since: '1.5.0', source: 'commit eec3d2adc9: device pvpanic, bit 0' },
  builtinPvpanic: { since: '1.5.0', until: '1.7.0', source: 'added 3ab135f346, taken away 7839ff593b' },
  severalPvpanics: { since: '1.5.0', until: '2.4.0', source: 'commit 0eb973f915: duplicate fw_cfg file is fatal' },
  panicIsFinal: { since: '1.5.0', until: '1.7.0', source: 'commit df39076850: cont from guest-panicked' },
  crashLoaded: { since: '5.0.0', source: 'commit 7dc58deea7: bit 1, GUEST_CRASHLOADED' },
  actions: { since: '6.0.0', source: 'release notes of 6.0: -action, set-action' },
  shutdownEvent: { since: '9.1.0', source: 'release notes of 9.1: bit 2, GUEST_PVSHUTDOWN, events=7' },
} as const satisfies Record<string, Fact>

/** The machine types that had the device built in while `builtinPvpanic` held. */
const BUILTIN_MACHINE_TYPES: readonly string[] = ['pc-i440fx-1.5', 'pc-q35-1.5']

/** Release series, oldest first. */
const SERIES: readonly string[] = [
  ...['1.5', '1.6', '1.7'],
  ...['2.0', '2.1', '2.2', '2.3', '2.4', '2.5', '2.6', '2.7', '2.8', '2.9', '2.10', '2.11', '2.12'],
  ...['3.0', '3.1', '4.0', '4.1', '4.2', '5.0', '5.1', '5.2', '6.0', '6.1', '6.2', '7.0', '7.1', '7.2'],
  ...['8.0', '8.1', '8.2', '9.0', '9.1', '9.2', '10.0'],
]
const NEWEST_SERIES = '10.0'

/** The last release of the series that still had the builtin device: there is no 1.5.4, whatever was planned. */
const LAST_RELEASE: Readonly<Record<string, number>> = { '1.5': 3, '1.6': 2 }
const ANY_RELEASE = 99

/** Names for a machine type that the series of the version completes, or that never had a version. */
const ALIASES: Readonly<Record<string, (series: string) => string>> = {
  pc: (series) => `pc-i440fx-${series}`,
  q35: (series) => `pc-q35-${series}`,
  'pc-1.5': () => 'pc-i440fx-1.5', // what the message of 2013 calls it
}

const UNVERSIONED = ['isapc', 'pc-1.0', 'pc-1.1', 'pc-1.2', 'pc-1.3', 'pc-i440fx-1.4', 'pc-q35-1.4']

/**
 * The profile of a QEMU version with a machine type.
 * @param version such as '1.5.3' or '7.2'; a series alone means its first release. The newest known unless given.
 * @param machineType such as 'pc-i440fx-1.5', 'q35'; 'pc' unless given.
 * @throws {RangeError} for an unknown version or machine type, with the known ones.
 */
export function qemuProfile(version: string = NEWEST_SERIES, machineType = 'pc'): QemuProfile {
  const release = parseRelease(version)
  const holds = (fact: Fact) =>
    !isBefore(release, parseRelease(fact.since)) &&
    (fact.until === undefined || isBefore(release, parseRelease(fact.until)))
  const resolved = resolveMachineType(machineType, release)
  const knownEvents = 1 | (holds(QEMU_HISTORY.crashLoaded) ? 2 : 0) | (holds(QEMU_HISTORY.shutdownEvent) ? 4 : 0)
  return {
    version,
    machineType: resolved,
    builtinPvpanic: holds(QEMU_HISTORY.builtinPvpanic) && BUILTIN_MACHINE_TYPES.includes(resolved),
    severalPvpanics: holds(QEMU_HISTORY.severalPvpanics),
    panicIsFinal: holds(QEMU_HISTORY.panicIsFinal),
    knownEvents,
    defaultEvents: knownEvents,
    actions: holds(QEMU_HISTORY.actions),
  }
}

/** A release as its place in `SERIES` and its number there. */
interface Release {
  readonly series: string
  readonly rank: number
  readonly micro: number
}

function parseRelease(version: string): Release {
  const [, series = '', micro = '0'] = /^(\d+\.\d+)(?:\.(\d{1,2}))?$/.exec(version) ?? []
  const rank = SERIES.indexOf(series)
  if (rank === -1 || Number(micro) > (LAST_RELEASE[series] ?? ANY_RELEASE)) {
    const known = SERIES.map((name) => (name in LAST_RELEASE ? `${name}.0 to ${name}.${LAST_RELEASE[name]}` : name))
    throw new OptionRangeError('qemu', `unknown version ${JSON.stringify(version)}; known are ${known.join(', ')}`)
  }
  return { series, rank, micro: Number(micro) }
}

function isBefore(a: Release, b: Release): boolean {
  return a.rank < b.rank || (a.rank === b.rank && a.micro < b.micro)
}

function resolveMachineType(machineType: string, release: Release): string {
  const name = Object.hasOwn(ALIASES, machineType) ? ALIASES[machineType]?.(release.series) : machineType
  const [, series = ''] = /^pc-(?:i440fx|q35)-(.+)$/.exec(name ?? '') ?? []
  const rank = SERIES.indexOf(series)
  if (name !== undefined && (UNVERSIONED.includes(name) || (rank !== -1 && rank <= release.rank))) return name
  const known = [...Object.keys(ALIASES), ...UNVERSIONED, 'pc-i440fx-V', 'pc-q35-V'].join(', ')
  throw new OptionRangeError(
    'machineType',
    `QEMU ${release.series} has no ${JSON.stringify(machineType)}; known are ${known} with V from 1.5 to ${release.series}`,
  )
}
