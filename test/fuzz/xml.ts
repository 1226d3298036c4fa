// Domain XML from strangers: a definition that survives being written and read again, or an error with its place.

import { deepStrictEqual, ok } from 'node:assert'
import type { DomainDefinition } from '../../src/libvirt/domain-definition.js'
import { DomainXmlError } from '../../src/libvirt/domain-xml-error.js'
import { formatDomainXml } from '../../src/libvirt/format-domain-xml.js'
import { parseDomainXml } from '../../src/libvirt/parse-domain-xml.js'
import type { Random } from '../random.js'
import { mutateText } from './mutate.js'
import type { FuzzTarget, Tally } from './target.js'

const DOCUMENTS = 20

function run(random: Random, tally: Tally): void {
  for (let left = DOCUMENTS; left > 0; left--) {
    tally.inputs++
    let xml = domain(random)
    for (let changes = random.below(3); changes > 0; changes--) xml = mutateText(random, xml, PIECES)
    const definition = parseOrRefuse(xml)
    if (definition !== undefined)
      deepStrictEqual(withoutPlaces(parseDomainXml(formatDomainXml(definition))), withoutPlaces(definition))
  }
}

function parseOrRefuse(xml: string): DomainDefinition | undefined {
  try {
    return parseDomainXml(xml)
  } catch (error) {
    if (!(error instanceof DomainXmlError)) throw error
    const line = xml.split(/\r\n|\r|\n/)[error.line - 1]
    ok(line !== undefined && error.column >= 1 && error.column <= line.length + 1, `no place: ${error.message}`)
    const isOfElement = !/^(XML is|a document type)/.test(error.reason)
    if (isOfElement) deepStrictEqual(line[error.column - 1], '<', `no element begins there: ${error.message}`)
    ok(error.message.length < 1000, 'a message of more than 1,000 characters')
    return undefined
  }
}

/** What `formatDomainXml` promises to keep. */
function withoutPlaces({ panics, ...rest }: DomainDefinition): unknown {
  return {
    ...rest,
    panics: panics.map(({ model, address }) => ({
      model,
      type: address?.type,
      iobase: address?.iobase,
      irq: address?.irq,
    })),
  }
}

const PIECES = ['<', '>', '/>', '</', '&', ';', '&#0;', '&#27;', '&#xD800;', '&lt;', '&bomb;', '<![CDATA[', ']]>', '<!--', '-->', '<?x ?>', '<!DOCTYPE x [<!ENTITY bomb "x">]>', "'", '"', ' xmlns:a="b"', '\0', '\x1b[2J', '\n', '\r', '\u{1F600}', '\ud800', '<a>'.repeat(70), 'x'.repeat(400)] // biome-ignore format: one list

function domain(random: Random): string {
  const parts = [
    `<name>${random.pick(['vm', 'a/b', '', 'vm&#10;x', '\u00fc'])}</name>`,
    `<os><type arch='${random.pick(['x86_64', 'i686', 'ppc64', 's390x', 'odd'])}' machine='${random.pick(MACHINES)}'>hvm</type></os>`,
    ...choose(random, ['on_crash', 'on_reboot', 'on_poweroff']).map(
      (name) => `<${name}>${random.pick(ACTIONS)}</${name}>`,
    ),
    `<devices>${Array.from({ length: random.below(4) }, () => device(random)).join(random.pick(['', '\n']))}</devices>`,
  ]
  if (random.chance(0.3)) {
    const values = Array.from({ length: random.below(3) }, () => `<qemu:arg value='${random.pick(PASSED)}'/>`)
    parts.push(`<qemu:commandline>${values.join('')}</qemu:commandline>`)
  }
  const order = random.chance(0.2) ? parts.toReversed() : parts
  return `<domain type='${random.pick(['kvm', 'qemu', 'xen', 'odd'])}' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>${order.join('\n')}</domain>`
}

const MACHINES = ['pc', 'q35', 'pc-1.5', 'pc-i440fx-7.2', 'isapc', '']
const ACTIONS = [
  'destroy',
  'restart',
  'preserve',
  'coredump-destroy',
  'coredump-restart',
  'ignore',
  'rename-restart',
  '',
  'odd',
]
const PASSED = [
  '-device',
  'pvpanic',
  'pvpanic,ioport=0x506',
  '-global',
  'pvpanic.ioport=0',
  '-action',
  'panic=pause',
  '&#27;[2J',
  '{}',
]

function device(random: Random): string {
  const address = random.chance(0.6)
    ? `<address type='${random.pick(['isa', 'pci', 'dimm', 'odd'])}' ${iobase(random)}/>`
    : ''
  return random.pick([
    `<panic model='${random.pick(['isa', 'hyperv', 'pvpanic', 'pseries', 's390', 'odd'])}'>${address}</panic>`,
    `<panic>${address}</panic>`,
    '<panic-notifier/>',
    '<emulator>/usr/bin/qemu-system-x86_64</emulator>',
    '<disk><source file="x"/></disk>',
  ])
}

const iobase = (random: Random) =>
  random.chance(0.7)
    ? `iobase='${random.pick(['0x505', '505', '0', '0x10000', '-1', '0xffffffff', '0x100000000', 'g', ''])}'`
    : ''

function choose<Item>(random: Random, items: readonly Item[]): Item[] {
  return items.filter(() => random.chance(0.7))
}

export const xmlTarget: FuzzTarget = { name: 'xml', run }
