// Where domain XML is refused, what the message's own words mean, and input meant to do harm.

import { describe, expect, it } from 'vitest'
import { DomainXmlError } from '../../src/libvirt/domain-xml-error.js'
import { formatDomainXml } from '../../src/libvirt/format-domain-xml.js'
import { parseDomainXml } from '../../src/libvirt/parse-domain-xml.js'

const domain = (...lines: string[]): string =>
  ["<domain type='qemu'>", '<name>guest</name>', "<os><type arch='x86_64'>hvm</type></os>", ...lines, '</domain>'].join(
    '\n',
  )

function errorOf(xml: string): unknown {
  try {
    return parseDomainXml(xml)
  } catch (error) {
    return error
  }
}

describe('a refusal', () => {
  it.each([
    ['the element', domain("  <devices><panic model='isa'/><panic model='bogus'/></devices>"), 4, 32],
    ['an element over several lines', domain('<devices>', ' <panic', "   model='bogus'/>", '</devices>'), 5, 2],
    ['the action', domain(' <on_crash>log</on_crash>'), 4, 2],
    ['the address', domain("<devices><panic><address type='isa' iobase='zz'/></panic></devices>"), 4, 17],
    ['an element behind line ends of old Macs', domain('<!-- a\rb\r\nc -->\r<on_crash>log</on_crash>'), 7, 1],
    ['an element behind characters of two units', domain('<!-- \u{1F600} --> <on_crash>log</on_crash>'), 4, 13],
    ['half of a surrogate pair', domain(' <a>\ud83d</a>'), 4, 5],
    ['text behind the root', `${domain()}\r\n text`, 5, 6],
    ['the second device of a model', domain('<devices>', '<panic/>', '  <panic/>', '</devices>'), 6, 3],
  ])('names line and column of %s', (_, xml, line, column) => {
    expect(errorOf(xml)).toMatchObject({ name: 'DomainXmlError', line, column })
    expect(String(errorOf(xml))).toContain(`line ${line}, column ${column}: `)
  })
})

describe("the words of Bonzini's proposal of 2013", () => {
  const proposed = domain('<on_crash>ignore</on_crash>', '<devices><panic-notifier/></devices>')

  it('are understood if asked for', () => {
    expect(parseDomainXml(proposed, { proposal2013: true })).toMatchObject({
      onCrash: 'ignore',
      panicNotifier: true,
      panics: [],
    })
  })

  it('survive formatting', () => {
    const parse = (xml: string) => parseDomainXml(xml, { proposal2013: true })
    expect(parse(formatDomainXml(parse(proposed)))).toEqual(parse(proposed))
  })

  it('are refused otherwise, as libvirt does', () => {
    expect(() => parseDomainXml(proposed)).toThrow('unknown on_crash action: ignore')
  })
})

describe('hostile input', () => {
  it.each([
    ['a megabyte and more', domain(' '.repeat(1 << 20)), /longer than/],
    ['elements in elements in elements', domain('<a>'.repeat(100_000)), /nested deeper than 64/],
    [
      'entities that multiply',
      `<!DOCTYPE d [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>${domain('<on_crash>&b;</on_crash>')}`,
      /document type declaration is not allowed/,
    ],
    [
      'an external entity',
      `<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]>${domain('<on_crash>&a;</on_crash>')}`,
      /document type declaration is not allowed/,
    ],
    ['a character that XML forbids', domain('<on_crash>\u0000</on_crash>'), /not well-formed/],
    ['two roots', `${domain()}${domain()}`, /not well-formed/],
    ['no XML at all', 'hello', /not well-formed/],
  ])('is refused: %s', (_, xml, reason) => {
    const error = errorOf(xml)
    expect(error).toBeInstanceOf(DomainXmlError)
    expect(String(error)).toMatch(reason)
  })

  it('such as values with markup in them stays data when formatted', () => {
    const xml = domain(
      "<qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>",
      "<qemu:arg value='&lt;a b=&quot;&apos;&amp;&#10;'/>",
      '</qemu:commandline>',
    )
    const named = { ...parseDomainXml(domain()), name: '<&>"', machineType: "pc-i440fx-'1'", emulator: ']]>' }
    expect(parseDomainXml(formatDomainXml(named))).toEqual(named)
    expect(parseDomainXml(formatDomainXml(parseDomainXml(xml))).qemuArguments).toEqual(['<a b="\'&\n'])
  })
})

it.each([
  ['bytes', Buffer.from(domain()), 'a value of class Buffer'],
  ['nothing', undefined, 'undefined'],
])('%s instead of text are a TypeError', (_, xml, kind) => {
  const parse = () => parseDomainXml(xml as unknown as string)
  expect(parse).toThrow(TypeError)
  expect(parse).toThrow(`xml: expected a string, got ${kind}`)
})
