// Version numbers of QEMU, libvirt and virt-install: read, and compared.

import { OptionRangeError } from './check.js'

/** Up to three numbers. */
export type Version = readonly number[]

/** @throws {OptionRangeError} naming `what`, if it is no version number such as 1.5.3 or 7.2. */
export function parseVersion(what: string, text: string): Version {
  if (!/^\d{1,3}(\.\d{1,3}){1,2}$/.test(text)) {
    throw new OptionRangeError(what, `expected a version such as 1.5.3 or 7.2, got ${JSON.stringify(text)}`)
  }
  return text.split('.').map(Number)
}

export function isBefore(a: Version, b: Version): boolean {
  for (let index = 0; index < 3; index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}
