// QEMU's releases: which version numbers there are, and in which order.

import { OptionRangeError } from '../common/check.js'
import { isBefore, parseVersion, type Version } from '../common/version.js'

/** The first release with the pvpanic device. */
export const FIRST_WITH_PVPANIC = '1.5.0'
/** The newest release that was run and compared; a newer one is taken to behave like it. */
export const NEWEST_QEMU = '11.1'

/** Release series by major number: the minor numbers that were released. */
const SERIES: Readonly<Record<number, readonly [first: number, last: number]>> = {
  0: [10, 15],
  1: [0, 7],
  2: [0, 12],
  3: [0, 1],
  4: [0, 2],
  5: [0, 2],
  6: [0, 2],
  7: [0, 2],
  8: [0, 2],
  9: [0, 2],
  10: [0, 2],
  11: [0, 1],
}

/** The last release of a series that is over, where the number matters: there is no 1.5.4, whatever was planned. */
const LAST_RELEASE: Readonly<Record<string, number>> = {
  ...{ '0.10': 6, '0.11': 1, '0.12': 5, '0.13': 0, '0.14': 1, '0.15': 1 },
  ...{ '1.0': 1, '1.1': 2, '1.2': 2, '1.3': 1, '1.4': 2, '1.5': 3, '1.6': 2 },
}

/** A release of QEMU. */
export interface QemuRelease {
  /** As it was given. */
  readonly version: string
  readonly numbers: Version
  /** The series, such as '1.5' for 1.5.3. */
  readonly series: string
  /** It came after the newest release known here, and is taken to behave like that one. */
  readonly isNewerThanKnown: boolean
  /** It came before the pvpanic device. */
  readonly isBeforePvpanic: boolean
}

const numbersOf = (version: string): Version => parseVersion('qemu', version)
const NEWEST_NUMBERS = numbersOf(NEWEST_QEMU)

/** All series that are known, oldest first. */
export const QEMU_SERIES: readonly string[] = Object.entries(SERIES).flatMap(([major, [first, last]]) =>
  Array.from({ length: last - first + 1 }, (_, index) => `${major}.${first + index}`),
)

/**
 * Reads a version such as '1.5.3' or '7.2'; a series alone means its first release.
 * @param version the newest known unless given.
 * @throws {OptionRangeError} naming `qemu`, if there is no such release, with those there are.
 */
export function qemuRelease(version: string = NEWEST_QEMU): QemuRelease {
  const numbers = numbersOf(version)
  const [major = 0, minor = 0, micro = 0] = numbers
  const series = `${major}.${minor}`
  const isNewerThanKnown = isBefore(NEWEST_NUMBERS, [major, minor])
  const isKnown = QEMU_SERIES.includes(series) && micro <= (LAST_RELEASE[series] ?? micro)
  if (!isKnown && !isNewerThanKnown) {
    throw new OptionRangeError('qemu', `unknown version ${JSON.stringify(version)}; known are ${knownVersions()}`)
  }
  return {
    version,
    numbers,
    series,
    isNewerThanKnown,
    isBeforePvpanic: isBefore(numbers, numbersOf(FIRST_WITH_PVPANIC)),
  }
}

/** Whether the release is `version`, or came after it. */
export function isSince({ numbers }: QemuRelease, version: string): boolean {
  return !isBefore(numbers, numbersOf(version))
}

function knownVersions(): string {
  const withPvpanic = Object.entries(SERIES).filter(([major]) => Number(major) > 1)
  const ranges = withPvpanic.map(([major, [first, last]]) => `${major}.${first} to ${major}.${last}`)
  return `1.5.0 to 1.5.3, 1.6.0 to 1.6.2, 1.7, ${ranges.join(', ')} and newer; without pvpanic 0.10 to 1.4.2`
}
