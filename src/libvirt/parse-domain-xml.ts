// Domain XML to a definition, as libvirt parses it.

import { checkKnownOptions, type OptionNames, OptionTypeError } from '../common/check.js'
import { hex } from '../common/hex.js'
import { kindOf } from '../common/kind-of.js'
import { refusalOf } from './check-definition.js'
import {
  CRASH_ACTIONS,
  type CrashAction,
  type DomainDefinition,
  LIBVIRT_ACTIONS,
  type LifecycleAction,
  PANIC_MODELS,
  type PanicAddress,
  type PanicDevice,
  type PanicModel,
  type PciAddress,
} from './domain-definition.js'
import { DomainXmlError } from './domain-xml-error.js'
import { type LibvirtProfile, libvirtProfile } from './libvirt-version.js'
import { childrenOf, parseXmlTree, type XmlElement } from './xml-tree.js'

/** How strictly domain XML is read. */
export interface ParseOptions {
  /** libvirt's version, '9.0' or a later one. The newest known. */
  readonly libvirt?: string
  /** Takes `<on_crash>ignore</on_crash>` too, as Bonzini's proposal of 2013 has it and no libvirt. False. */
  readonly proposal2013?: boolean
}

const PARSE_OPTIONS: OptionNames<ParseOptions> = { libvirt: true, proposal2013: true }

const QEMU_NAMESPACE = 'http://libvirt.org/schemas/domain/qemu/1.0'

/** libvirt's virt types, those of 9.0 and of 11.3 alike. */
const DOMAIN_TYPES = 'qemu kqemu kvm xen lxc uml openvz test vmware hyperv vbox phyp parallels bhyve vz hvf'.split(' ')
/** libvirt's architectures. */
const ARCHITECTURES =
  'alpha armv6l armv7b armv7l aarch64 cris i686 ia64 itanium lm32 loongarch64 m68k microblaze microblazeel mips mips64 mips64el mipsel openrisc parisc parisc64 ppc ppc64 ppc64le ppcemb riscv32 riscv64 s390 s390x sh4 sh4eb sparc sparc64 unicore32 x86_64 xtensa xtensaeb'.split(
    ' ',
  )
const LOCKFAILURE_ACTIONS = ['poweroff', 'restart', 'pause', 'ignore']

/** Address types, and why libvirt refuses one without attributes, where it does. */
const ADDRESS_TYPES: Readonly<Record<string, string | undefined>> = {
  pci: undefined,
  drive: undefined,
  'virtio-serial': undefined,
  ccid: undefined,
  usb: undefined,
  'spapr-vio': undefined,
  'virtio-s390': "XML error: virtio-s390 bus doesn't have an address",
  ccw: undefined,
  'virtio-mmio': undefined,
  isa: undefined,
  dimm: "XML error: Missing required attribute 'slot' in element 'address'",
  unassigned: undefined,
}

const HEXADECIMAL = 16
const ANY_BASE = 0
const UINT32_MAX = 0xffffffff

/**
 * Reads what concerns a panic from domain XML; everything else is passed over, as long as it is well-formed. What only
 * one QEMU or another does not support is left to `examineDomain`.
 * @throws {DomainXmlError} with line and column, in libvirt's words where libvirt refuses it too.
 * @throws {OptionTypeError} if `xml` is no string; {OptionRangeError} for a libvirt before 9.0.
 */
export function parseDomainXml(xml: string, options: ParseOptions = {}): DomainDefinition {
  const { definition, root } = readDomainXml(xml, options)
  const refusal = refusalOf(definition, 'any')
  if (refusal !== undefined) throw new DomainXmlError(refusal.reason, refusal.position ?? root.position)
  return definition
}

/** Reads it as far as libvirt's parser goes, without the checks that follow. */
export function readDomainXml(xml: string, options: ParseOptions): { definition: DomainDefinition; root: XmlElement } {
  if (typeof xml !== 'string') throw new OptionTypeError('xml', `expected a string, got ${kindOf(xml)}`)
  checkKnownOptions(options, PARSE_OPTIONS)
  const libvirt = libvirtProfile(options.libvirt)
  const root = parseXmlTree(xml)
  if (root.name !== 'domain') throw refused(root, `XML error: expecting root element of 'domain', not '${root.name}'`)
  const nameElement = childrenOf(root, 'name')[0]
  const name = nameElement?.text ?? ''
  if (name === '') throw refused(nameElement ?? root, 'missing name information')
  const type = root.attributes.get('type') ?? ''
  if (type === '') throw refused(root, 'internal error: missing domain type attribute')
  if (!DOMAIN_TYPES.includes(type)) throw refused(root, `unsupported configuration: invalid domain type ${type}`)
  const os = parseOs(root)
  const onReboot = parseAction(root, 'on_reboot', 'restart', LIBVIRT_ACTIONS)
  const onPoweroff = parseAction(root, 'on_poweroff', 'destroy', LIBVIRT_ACTIONS)
  const onCrash = parseAction(root, 'on_crash', 'destroy', options.proposal2013 ? CRASH_ACTIONS : LIBVIRT_ACTIONS)
  parseAction(root, 'on_lockfailure', '', LOCKFAILURE_ACTIONS)
  const devices = childrenOf(root, 'devices').flatMap((element) => element.children)
  const devicesNamed = (wanted: string) => devices.filter(({ name, namespace }) => name === wanted && namespace === '')
  const isNone = (element: XmlElement) => element.attributes.get('model') === 'none'
  const definition: DomainDefinition = {
    name,
    type,
    ...os,
    cpu: parseCpu(root),
    emulator: devicesNamed('emulator')[0]?.text ?? '',
    onPoweroff,
    onReboot,
    onCrash,
    panics: devicesNamed('panic').map((panic) => parsePanic(panic, os, libvirt)),
    panicNotifier: devicesNamed('panic-notifier').length > 0,
    balloon: !devicesNamed('memballoon').some(isNone),
    usb: !devicesNamed('controller').some((element) => element.attributes.get('type') === 'usb' && isNone(element)),
    qemuArguments: parsePassthrough(root),
  }
  return { definition, root }
}

function refused(element: XmlElement, reason: string): DomainXmlError {
  return new DomainXmlError(reason, element.position)
}

type Os = Pick<DomainDefinition, 'osType' | 'arch' | 'machineType'>

function parseOs(root: XmlElement): Os {
  const element = childrenOf(root, 'os').flatMap((os) => childrenOf(os, 'type'))[0]
  if (element === undefined || element.text === '') throw refused(root, 'XML error: an os <type> must be specified')
  if (element.text === 'exe') throw refused(element, 'XML error: init binary must be specified')
  const arch = element.attributes.get('arch') || 'x86_64'
  if (!ARCHITECTURES.includes(arch)) {
    throw refused(element, `unsupported configuration: Unknown architecture ${arch}`)
  }
  return { osType: element.text, arch, machineType: element.attributes.get('machine') ?? '' }
}

/** The processor that -cpu would name; 'host-model' stands for one that depends on the host. */
function parseCpu(root: XmlElement): string {
  const cpu = childrenOf(root, 'cpu')[0]
  const mode = cpu?.attributes.get('mode')
  if (mode === 'maximum') return 'max'
  if (mode === 'host-passthrough') return 'host'
  if (mode === 'host-model') return mode
  return (cpu === undefined ? [] : childrenOf(cpu, 'model'))[0]?.text ?? ''
}

function parseAction<Action extends LifecycleAction | CrashAction | string>(
  root: XmlElement,
  name: string,
  absent: Action,
  allowed: readonly Action[],
): Action {
  const element = childrenOf(root, name)[0] // a second one is never looked at
  const value = element?.text ?? ''
  if (element === undefined || value === '') return absent
  const action = allowed.find((candidate) => candidate === value)
  if (action === undefined) throw refused(element, `unsupported configuration: unknown ${name} action: ${value}`)
  return action
}

/** The address comes first, as in libvirt. */
function parsePanic(element: XmlElement, os: Os, libvirt: LibvirtProfile): PanicDevice {
  const addressElement = childrenOf(element, 'address')[0]
  const address = addressElement && parseAddress(addressElement, libvirt)
  const written = element.attributes.get('model') ?? 'default'
  const model = written === 'default' ? defaultModel(os) : PANIC_MODELS.find((candidate) => candidate === written)
  if (model === undefined || (model === 'pvpanic' && !libvirt.panicPci)) {
    throw refused(element, `unsupported configuration: unknown panic model '${written}'`)
  }
  return { model, ...(address && { address }), position: element.position }
}

function defaultModel({ arch, machineType }: Os): PanicModel {
  if (/^ppc64(le)?$/.test(arch) && machineType.startsWith('pseries')) return 'pseries'
  return /^s390x?$/.test(arch) ? 's390' : 'isa'
}

function parseAddress(element: XmlElement, { recent }: LibvirtProfile): PanicAddress {
  const type = element.attributes.get('type')
  if (type === undefined) {
    const reason = "XML error: Missing required attribute 'type' in element 'address'"
    throw refused(element, recent ? reason : 'internal error: No type specified for device address')
  }
  if (!Object.hasOwn(ADDRESS_TYPES, type)) {
    const reason = `XML error: Invalid value for attribute 'type' in element 'address': '${type}'.`
    throw refused(element, recent ? reason : `unsupported configuration: unknown address type '${type}'`)
  }
  const refusal = ADDRESS_TYPES[type]
  if (refusal !== undefined) throw refused(element, refusal)
  if (type === 'pci') return { type, pci: parsePciAddress(element) }
  if (type !== 'isa') return { type }
  const iobase = parseNumber(element, 'iobase', HEXADECIMAL)
  const irq = parseNumber(element, 'irq', HEXADECIMAL)
  const iobaseText = element.attributes.get('iobase')
  return {
    type,
    ...(iobase === undefined ? {} : { iobase }),
    ...(iobaseText === undefined ? {} : { iobaseText }),
    ...(irq === undefined ? {} : { irq }),
  }
}

const MOST_BUSES = 0xff
const MOST_SLOTS = 0x1f
const MOST_FUNCTIONS = 7

function parsePciAddress(element: XmlElement): PciAddress {
  const read = (name: string) => parseNumber(element, name, ANY_BASE) ?? 0
  const address = { domain: read('domain'), bus: read('bus'), slot: read('slot'), function: read('function') }
  for (const [name, most] of [
    ['bus', MOST_BUSES],
    ['slot', MOST_SLOTS],
  ] as const) {
    if (address[name] <= most) continue
    throw refused(
      element,
      `XML error: Invalid PCI address ${name}='${hex(address[name])}', must be <= 0x${most.toString(16).toUpperCase()}`,
    )
  }
  if (address.function > MOST_FUNCTIONS) {
    throw refused(
      element,
      `XML error: Invalid PCI address function=${hex(address.function)}, must be <= ${MOST_FUNCTIONS}`,
    )
  }
  return address
}

/** A number as C's strtoul reads it: in base 16 with or without 0x; in any base (0) by its prefix, 0 for octal. */
function parseNumber(element: XmlElement, name: string, base: 0 | 16): number | undefined {
  const written = element.attributes.get(name)
  if (written === undefined) return undefined
  const [, prefix = '', digits = ''] = /^[ \t\n\v\f\r]*\+?(0[xX]|)([0-9a-fA-F]+)$/.exec(written) ?? []
  const radix = base === HEXADECIMAL || prefix !== '' ? HEXADECIMAL : digits.startsWith('0') ? 8 : 10
  const allowed = { 8: /^[0-7]+$/, 10: /^\d+$/, 16: /^[\da-f]+$/i }[radix]
  const value = allowed?.test(digits) ? Number.parseInt(digits, radix) : Number.NaN
  if (Number.isNaN(value) || value > UINT32_MAX) {
    throw refused(
      element,
      `XML error: Invalid value for attribute '${name}' in element 'address': '${written}'. Expected non-negative integer value`,
    )
  }
  return value
}

function parsePassthrough(root: XmlElement): string[] {
  const commandline = root.children.find((child) => child.name === 'commandline' && child.namespace === QEMU_NAMESPACE)
  const args = (commandline?.children ?? []).filter(
    (child) => child.name === 'arg' && child.namespace === QEMU_NAMESPACE,
  )
  return args.map((arg) => {
    const value = arg.attributes.get('value')
    if (value === undefined) throw refused(arg, 'internal error: No qemu command-line argument specified')
    return value
  })
}
