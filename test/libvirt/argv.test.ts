// The command line and the error texts, held against libvirt 9.0.0's domxml-to-native.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { emulatorRefusal } from '../../src/libvirt/check-emulator.js'
import { DomainXmlError } from '../../src/libvirt/domain-xml-error.js'
import { formatDomainXml } from '../../src/libvirt/format-domain-xml.js'
import { parseDomainXml } from '../../src/libvirt/parse-domain-xml.js'
import { qemuArguments } from '../../src/libvirt/qemu-arguments.js'

interface Recorded {
  readonly name: string
  readonly xml: string
  readonly argv?: string[]
  readonly error?: string
}

const recording = new URL('recordings/argv.json', import.meta.url)
const { cases } = JSON.parse(readFileSync(recording, 'utf8')) as { cases: Recorded[] }

/** libvirt expands entities that the document itself declares; here no document may declare any. */
const STRICTER_HERE = 'an internal entity'
/** What libvirt refuses because of the QEMU that is installed; the XML alone is not to blame. */
const NOT_IN_THIS_QEMU = /^(?!.*'pc-1\.5').*does not support (machine type|arch) '/
/** libxml2's words: a place, then its own names for what is wrong. */
const NOT_WELL_FORMED = /^\(domain_definition\):(\d+): /

function refusal(xml: string): DomainXmlError {
  try {
    parseDomainXml(xml, { dialect: 'libvirt' })
  } catch (error) {
    if (error instanceof DomainXmlError) return error
    throw error
  }
  throw new Error('it was accepted')
}

const accepted = cases.filter(({ name, argv }) => argv !== undefined && name !== STRICTER_HERE)
const notInThisQemu = cases.filter(({ error = '' }) => NOT_IN_THIS_QEMU.test(error))
const refused = cases.filter(
  ({ error }) => error !== undefined && !NOT_WELL_FORMED.test(error) && !NOT_IN_THIS_QEMU.test(error),
)
const malformed = cases.filter(({ error }) => error !== undefined && NOT_WELL_FORMED.test(error))

describe('domain XML that libvirt takes', () => {
  it.each(accepted)('gives the same command line: $name', ({ name, xml, argv }) => {
    const ours = qemuArguments(parseDomainXml(xml, { dialect: 'libvirt' }))
    // The CPU's other hyperv features are of no concern to a panic.
    const expected =
      name === 'hyperv and hyperv features' ? argv?.map((word) => word.replace('hv-relaxed=on,', '')) : argv
    expect(ours).toEqual(expected)
  })

  it.each(accepted)('means the same after it was formatted: $name', ({ xml }) => {
    const definition = parseDomainXml(xml, { dialect: 'libvirt' })
    const again = parseDomainXml(formatDomainXml(definition), { dialect: 'libvirt' })
    expect(meaning(again)).toEqual(meaning(definition))
  })
})

describe('domain XML that libvirt refuses', () => {
  it.each(refused)('is refused in the same words: $name', ({ xml, error }) => {
    expect(refusal(xml).reason).toBe(error)
  })

  it.each(malformed)('is not well-formed here either: $name', ({ xml, error }) => {
    expect(refusal(xml).line).toBe(Number(NOT_WELL_FORMED.exec(error ?? '')?.[1]))
  })

  it('is, for once, accepted by libvirt: entities that the document declares are not expanded', () => {
    const entry = cases.find(({ name }) => name === STRICTER_HERE)
    expect(refusal(entry?.xml ?? '').reason).toBe('a document type declaration is not allowed in domain XML')
  })
})

describe('the QEMU 7.2 that a domain is to run in', () => {
  const refusalBy72 = (xml: string) => emulatorRefusal(parseDomainXml(xml, { dialect: 'libvirt' }), '7.2')

  it.each(notInThisQemu)('is refused in the same words: $name', ({ xml, error }) => {
    expect(refusalBy72(xml)).toBe(error)
  })

  it.each(accepted)('takes what libvirt took: $name', ({ xml }) => {
    expect(refusalBy72(xml)).toBeUndefined()
  })
})

/** Without what only tells how the XML was written. */
const meaning = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (key, member) => (['position', 'iobaseText'].includes(key) ? undefined : member)))
