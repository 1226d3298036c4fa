// What of libvirt differs from one version to another, as far as it concerns a panic.

import { OptionRangeError } from '../common/check.js'
import { isBefore, parseVersion } from '../common/version.js'

/** How a version of libvirt behaves. */
export interface LibvirtProfile {
  /** As given, or the newest known. */
  readonly version: string
  /** `<panic model='pvpanic'/>`, the PCI device, since 9.1.0 (NEWS). */
  readonly panicPci: boolean
  /** The texts of refusals, the arguments and the ends of a run as recorded from 11.3.0; otherwise as from 9.0.0. */
  readonly recent: boolean
}

/** The versions that were recorded. */
export const RECORDED_LIBVIRT = ['9.0', '11.3'] as const
const OLDEST = '9.0'
const NEWEST = '11.3'
const PANIC_PCI_SINCE = '9.1'

/**
 * The profile of a libvirt version. Recorded are 9.0.0 and 11.3.0; where the behaviour changed between them is known of
 * the PCI device only, so every version after 9.0 counts as 11.3.
 * @param version such as '9.0' or '11.3.0'. The newest known unless given.
 * @throws {OptionRangeError} naming `libvirt`, for what is no version and for one before 9.0.
 */
export function libvirtProfile(version: string = NEWEST): LibvirtProfile {
  const parsed = parseVersion('libvirt', version)
  if (isBefore(parsed, parseVersion('', OLDEST))) {
    throw new OptionRangeError('libvirt', `expected version ${OLDEST} or a later one, got ${JSON.stringify(version)}`)
  }
  return {
    version,
    panicPci: !isBefore(parsed, parseVersion('', PANIC_PCI_SINCE)),
    recent: !isBefore(parsed, parseVersion('', PANIC_PCI_SINCE)),
  }
}
