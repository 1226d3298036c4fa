// What virt-install makes of --panic, held against 4.1.0 and 5.0.0.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { virtInstallPanic } from '../../src/libvirt/virt-install.js'

interface Recorded {
  readonly version: string
  readonly cases: readonly { readonly value: string; readonly xml?: string; readonly error?: string }[]
}

const recorded = JSON.parse(
  readFileSync(new URL('recordings/virt-install.json', import.meta.url), 'utf8'),
) as readonly Recorded[]

describe.each(recorded)('virt-install $version', ({ version, cases }) => {
  it.each(cases)('--panic $value', ({ value, xml, error }) => {
    const make = () => virtInstallPanic(value, version)
    if (error === undefined) expect(make()).toBe(xml)
    else expect(make).toThrow(error)
  })
})
