// The machine types of each QEMU version: PCs by chipset and version, and the few others of x86.

import { OptionRangeError } from '../common/check.js'
import { isBefore, parseVersion } from '../common/version.js'
import { isSince, QEMU_SERIES, type QemuRelease, qemuRelease } from './qemu-releases.js'

/** A machine type of a QEMU version. */
export interface MachineType {
  readonly name: string
  /** QEMU's words for it. */
  readonly description: string
  /** The short name that stands for it in this version. */
  readonly alias?: 'pc' | 'q35'
  /** The one that runs if none is asked for. */
  readonly isDefault: boolean
  /** QEMU warns of it, with this reason. */
  readonly deprecated?: string
  /** It is a PC with an ISA bus and the DMA controllers, as a Machine is. */
  readonly isPc: boolean
}

const I440FX = 'Standard PC (i440FX + PIIX, 1996)'
const Q35 = 'Standard PC (Q35 + ICH9, 2009)'

/** PCs whose name ends in the version of QEMU that they keep looking like: those of the series `first` to `last`. */
interface Family {
  readonly prefix: string
  readonly first: string
  readonly last?: string
  readonly description: string
  readonly alias: 'pc' | 'q35'
}

const FAMILIES: readonly Family[] = [
  { prefix: 'pc-', first: '0.10', last: '1.3', description: I440FX, alias: 'pc' },
  { prefix: 'pc-i440fx-', first: '1.4', description: I440FX, alias: 'pc' },
  { prefix: 'pc-q35-', first: '1.4', description: Q35, alias: 'q35' },
]

/** A group of a family's types, `last` and those before it: when QEMU began to warn of them, and when they went. */
interface Age {
  readonly prefix: string
  readonly last: string
  readonly deprecated?: string
  readonly removed: string
}

// biome-ignore format: a table is read by its columns
const AGES: readonly Age[] = [
  { prefix: 'pc-',        last: '0.11', deprecated: '3.0', removed: '4.0' }, // commit cc425b5ddf
  { prefix: 'pc-',        last: '0.15', deprecated: '4.0', removed: '5.0' }, // cc425b5ddf; 5.2 run
  { prefix: 'pc-',        last: '1.3',  deprecated: '5.0', removed: '6.0' }, // QEMU's list of removed features; 5.2 run
  { prefix: 'pc-q35-',    last: '2.3',                     removed: '2.5' }, // 2.4.0 and 5.2 run
  { prefix: 'pc-i440fx-', last: '1.7',  deprecated: '7.0', removed: '8.2' }, // list of removed features; 7.2 run
  { prefix: 'pc-i440fx-', last: '2.3',  deprecated: '8.2', removed: '9.1' }, // list of removed features; 10.0 run
]

/** From 9.1 on a type is deprecated as soon as a release is this many years ahead of it, and from 10.1 on removed after twice as many. */
const SUPPORTED_YEARS = 3
const AUTOMATIC_DEPRECATION = '9.1' // 10.0 and 11.1 run
const AUTOMATIC_REMOVAL = '10.1' // 10.0 and 11.1 run
const OLD_REASON = 'use a newer machine type instead'
const AUTOMATIC_REASON = 'machines more than 3 years old are subject to deletion after 6 years'

/** Types that have no series in their name. */
const OTHERS: readonly { name: string; description: string; since: string; isPc?: true }[] = [
  { name: 'isapc', description: 'ISA-only PC', since: '0.10', isPc: true },
  { name: 'microvm', description: 'microvm (i386)', since: '4.2' },
  { name: 'nitro', description: 'Nitro Enclave', since: '11.1' },
  { name: 'none', description: 'empty machine', since: '1.5.0' },
  { name: 'x-remote', description: 'Experimental remote machine', since: '6.0' },
]

/** A type that came with a stable release. */
const Q35_4_0_1 = { series: '4.0.1', since: '4.0.1' }

/** Bonzini's proposal of 2013 says pc-1.5, which no QEMU has: it means this type. */
const PROPOSAL_NAMES: ReadonlyMap<string, string> = new Map([['pc-1.5', 'pc-i440fx-1.5']])

/** The machine types whose board had the pvpanic device built in while QEMU was of an age to do so. */
export const MACHINE_TYPES_1_5: readonly string[] = ['pc-i440fx-1.5', 'pc-q35-1.5']

/** The newest version-less names first, then each family from new to old. Made once for each series. */
const listed = new Map<string, readonly MachineType[]>()

/**
 * The machine types that a QEMU version has. The newest version known unless one is given.
 * @throws {OptionRangeError} naming `qemu`, for an unknown version.
 */
export function machineTypes(version?: string): readonly MachineType[] {
  const release = qemuRelease(version)
  const key = release.numbers.join('.')
  const types = listed.get(key) ?? listTypes(release)
  listed.set(key, types)
  return types
}

/**
 * Whether a QEMU version has a machine type, by its own name or by the alias pc or q35. The newest version known unless
 * one is given.
 * @throws {OptionRangeError} naming `qemu`, for an unknown version.
 */
export function hasMachineType(version: string | undefined, machineType: string): boolean {
  return findMachineType(version, machineType) !== undefined
}

/**
 * The machine type that a name or an alias stands for in a QEMU version; undefined if it has none of that name.
 * @throws {OptionRangeError} naming `qemu`, for an unknown version.
 */
export function findMachineType(version: string | undefined, machineType: string): MachineType | undefined {
  return machineTypes(version).find(({ name, alias }) => name === machineType || alias === machineType)
}

/** QEMU's own name for a machine type of the proposal of 2013, such as pc-1.5; any other name as it is. */
export const realMachineType = (name: string): string => PROPOSAL_NAMES.get(name) ?? name

/**
 * The machine type that a name, an alias or the proposal's pc-1.5 stands for in a QEMU version.
 * @throws {OptionRangeError} naming `qemu` for an unknown version, and `machineType` for a type that it does not have.
 */
export function checkMachineType(version: string | undefined, machineType: string): MachineType {
  const found = findMachineType(version, realMachineType(machineType))
  if (found !== undefined) return found
  const release = qemuRelease(version)
  const known = [
    ...FAMILIES.flatMap((family) => rangeOf(family, release)),
    ...listOthers(release).map(({ name }) => name),
  ]
  throw new OptionRangeError(
    'machineType',
    `QEMU ${release.version} has no ${JSON.stringify(machineType)}; known are pc, q35, ${known.join(', ')}`,
  )
}

/** The series in the name of a PC's machine type, such as '1.5' in pc-i440fx-1.5; undefined if there is none. */
export function machineTypeSeries(machineType: string): string | undefined {
  const family = FAMILIES.findLast(({ prefix }) => machineType.startsWith(prefix))
  return family && machineType.slice(family.prefix.length)
}

function listTypes(release: QemuRelease): MachineType[] {
  return [...FAMILIES.flatMap((family) => listFamily(family, release)), ...listOthers(release)]
}

function listOthers(release: QemuRelease): MachineType[] {
  const others = OTHERS.filter(({ since }) => isSince(release, since))
  return others.map(({ name, description, isPc = false }) => ({ name, description, isDefault: false, isPc }))
}

/** A family's types in words. */
function rangeOf(family: Family, release: QemuRelease): string[] {
  const [newest, ...others] = listFamily(family, release).map(({ name }) => name)
  if (newest === undefined) return []
  const oldest = others.at(-1)
  return [oldest === undefined ? newest : `${oldest} to ${newest}`]
}

function listFamily({ prefix, first, last, description, alias }: Family, release: QemuRelease): MachineType[] {
  const { series: own, isNewerThanKnown } = release
  const known = [...QEMU_SERIES, ...(isNewerThanKnown ? [own] : [])]
  const members = known.filter((series) => isWithin(series, first, last ?? own) && isWithin(series, first, own))
  if (prefix === 'pc-q35-' && isSince(release, Q35_4_0_1.since)) members.push(Q35_4_0_1.series)
  const newestFirst = members.sort((a, b) => (isBefore(numbers(a), numbers(b)) ? 1 : -1))
  return newestFirst
    .filter((series) => !isRemoved(prefix, series, release))
    .map((series) => {
      const isNewest = series === newestFirst[0] && (last === undefined || !isBefore(numbers(last), numbers(own)))
      const deprecated = deprecation(prefix, series, release)
      return {
        name: `${prefix}${series}`,
        description,
        ...(isNewest && { alias }),
        isDefault: isNewest && alias === 'pc',
        ...(deprecated !== undefined && { deprecated }),
        isPc: true,
      }
    })
}

const numbers = (series: string) => parseVersion('series', series)

const isWithin = (series: string, first: string, last: string): boolean =>
  !isBefore(numbers(series), numbers(first)) && !isBefore(numbers(last), numbers(series))

const ageOf = (prefix: string, series: string): Age | undefined =>
  AGES.find((age) => age.prefix === prefix && !isBefore(numbers(age.last), numbers(series)))

function isRemoved(prefix: string, series: string, release: QemuRelease): boolean {
  if (isSince(release, AUTOMATIC_REMOVAL) && isYearsBehind(series, release, 2 * SUPPORTED_YEARS)) return true
  const removed = ageOf(prefix, series)?.removed
  return removed !== undefined && isSince(release, removed)
}

function deprecation(prefix: string, series: string, release: QemuRelease): string | undefined {
  if (isSince(release, AUTOMATIC_DEPRECATION)) {
    return isYearsBehind(series, release, SUPPORTED_YEARS) ? AUTOMATIC_REASON : undefined
  }
  const since = ageOf(prefix, series)?.deprecated
  return since !== undefined && isSince(release, since) ? OLD_REASON : undefined
}

/** A major number is a year of releases. */
function isYearsBehind(series: string, release: QemuRelease, years: number): boolean {
  const [major = 0, minor = 0] = release.numbers
  return !isBefore([major - years, minor], numbers(series).slice(0, 2))
}
