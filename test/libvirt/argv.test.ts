// The command line and the refusals, held against domxml-to-native of libvirt 9.0.0 and of 11.3.0.

import { describe, expect, it } from 'vitest'
import { refusalOf } from '../../src/libvirt/check-definition.js'
import { DomainXmlError } from '../../src/libvirt/domain-xml-error.js'
import { formatDomainXml } from '../../src/libvirt/format-domain-xml.js'
import { parseDomainXml, readDomainXml } from '../../src/libvirt/parse-domain-xml.js'
import { qemuArguments } from '../../src/libvirt/qemu-arguments.js'
import { RECORDED_HOSTS, recordedCases } from './recorded.js'
import { ARGV_CASES, type ArgvCase } from './recording/argv-cases.js'

interface Recorded extends ArgvCase {
  readonly argv?: string[]
  readonly error?: string
}

/** libvirt expands entities that the document itself declares; here no document may declare any. */
const STRICTER_HERE = 'an internal entity'
/** The recorded hosts had no KVM. */
const NEEDS_KVM = "virt type 'kvm'"
/** libxml2's words: a place, then its own names for what is wrong. */
const NOT_WELL_FORMED = /^(?:\(domain_definition\):|at line )(\d+): /

describe.each(RECORDED_HOSTS)('libvirt $libvirt with QEMU $qemu', ({ libvirt, qemu }) => {
  const all = recordedCases<ArgvCase, Recorded>('argv', { libvirt, qemu }, ARGV_CASES)
  const cases = all.filter(({ name }) => name !== STRICTER_HERE && name !== NEEDS_KVM)
  const accepted = cases.filter(({ argv }) => argv !== undefined)
  const malformed = cases.filter(({ error }) => error !== undefined && NOT_WELL_FORMED.test(error))
  const refused = cases.filter(({ error }) => error !== undefined && !NOT_WELL_FORMED.test(error))

  it.each(accepted)('gives the same command line: $name', ({ name, xml, argv }) => {
    const ours = qemuArguments(parseDomainXml(xml, { libvirt }), { libvirt, qemu })
    // The processor's other hyperv features are of no concern to a panic.
    const expected =
      name === 'hyperv and hyperv features' ? argv?.map((word) => word.replace('hv-relaxed=on,', '')) : argv
    expect(ours).toEqual(expected)
  })

  it.each(accepted)('takes it with that QEMU: $name', ({ xml }) => {
    expect(refusalOf(parseDomainXml(xml, { libvirt }), qemu)).toBeUndefined()
  })

  it.each(accepted)('means the same after it was formatted: $name', ({ xml }) => {
    const definition = parseDomainXml(xml, { libvirt })
    const again = parseDomainXml(formatDomainXml(definition), { libvirt })
    expect(meaning(again)).toEqual(meaning(definition))
  })

  it.each(refused)('refuses in the same words: $name', ({ xml, error }) => {
    expect(refusal(xml, libvirt, qemu)).toBe(error)
  })

  it.each(malformed)('finds it not well-formed at the same line: $name', ({ xml, error }) => {
    const parse = () => parseDomainXml(xml, { libvirt })
    expect(parse).toThrow(DomainXmlError)
    expect(parse).toThrow(`line ${NOT_WELL_FORMED.exec(error ?? '')?.[1]}, `)
  })

  it('takes entities that the document declares, which are refused here', () => {
    const entry = all.find(({ name }) => name === STRICTER_HERE)
    expect(entry?.argv).toBeDefined()
    expect(refusal(entry?.xml ?? '', libvirt, qemu)).toBe('a document type declaration is not allowed in domain XML')
  })
})

function refusal(xml: string, libvirt: string, qemu: string): string {
  try {
    return refusalOf(readDomainXml(xml, { libvirt }).definition, qemu)?.reason ?? 'it was accepted'
  } catch (error) {
    if (error instanceof DomainXmlError) return error.reason
    throw error
  }
}

/** Without what only tells how the XML was written. */
const meaning = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (key, member) => (['position', 'iobaseText'].includes(key) ? undefined : member)))
