// Domain XML to a definition, as libvirt 9.0 parses it.

import { OptionTypeError } from '../common/check.js'
import { kindOf } from '../common/kind-of.js'
import { checkDefinition } from './check-definition.js'
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
} from './domain-definition.js'
import { DomainXmlError } from './domain-xml-error.js'
import { childrenOf, parseXmlTree, type XmlElement } from './xml-tree.js'

export interface ParseOptions {
  /**
   * 'message': what libvirt 9.0 takes and what the message of 2013 adds to it: `<on_crash>ignore</on_crash>` and the
   * machine type pc-1.5. 'libvirt': only what libvirt 9.0 takes. 'message' unless given.
   */
  readonly dialect?: 'message' | 'libvirt'
}

const QEMU_NAMESPACE = 'http://libvirt.org/schemas/domain/qemu/1.0'

// libvirt 9.0's virDomainVirtType.
const DOMAIN_TYPES = 'qemu kqemu kvm xen lxc uml openvz test vmware hyperv vbox phyp parallels bhyve vz'.split(' ')

/** Address types, and why libvirt refuses one without attributes, where it does. Recorded from libvirt 9.0.0. */
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
const UINT32_MAX = 0xffffffff

/**
 * Reads what concerns a panic from domain XML; everything else is passed over, as long as it is well-formed.
 * @throws {DomainXmlError} with line and column, in libvirt's words where libvirt refuses it too.
 * @throws {TypeError} if `xml` is no string.
 */
export function parseDomainXml(xml: string, options: ParseOptions = {}): DomainDefinition {
  if (typeof xml !== 'string') throw new OptionTypeError('xml', `expected a string, got ${kindOf(xml)}`)
  const { dialect = 'message' } = options
  const root = parseXmlTree(xml)
  if (root.name !== 'domain') throw refused(root, `XML error: expecting root element of 'domain', not '${root.name}'`)
  const type = root.attributes.get('type')
  if (type === undefined) throw refused(root, 'internal error: missing domain type attribute')
  if (!DOMAIN_TYPES.includes(type)) throw refused(root, `unsupported configuration: invalid domain type ${type}`)

  const osType = childrenOf(root, 'os').flatMap((os) => childrenOf(os, 'type'))[0]
  if (osType === undefined || osType.text === '') throw refused(root, 'XML error: an os <type> must be specified')
  const name = parseName(root)
  const onReboot = parseAction(root, 'on_reboot', 'restart', LIBVIRT_ACTIONS)
  const onPoweroff = parseAction(root, 'on_poweroff', 'destroy', LIBVIRT_ACTIONS)
  const onCrash = parseAction(root, 'on_crash', 'destroy', dialect === 'libvirt' ? LIBVIRT_ACTIONS : CRASH_ACTIONS)

  const devices = childrenOf(root, 'devices')
  const arch = osType.attributes.get('arch') ?? 'x86_64'
  const machineType = osType.attributes.get('machine') ?? ''
  const definition: DomainDefinition = {
    name,
    type,
    arch,
    machineType,
    emulator: devices.flatMap((element) => childrenOf(element, 'emulator'))[0]?.text ?? '',
    onPoweroff,
    onReboot,
    onCrash,
    panics: devices
      .flatMap((element) => childrenOf(element, 'panic'))
      .map((panic) => parsePanic(panic, arch, machineType)),
    panicNotifier: devices.some((element) => childrenOf(element, 'panic-notifier').length > 0),
    qemuArguments: parsePassthrough(root),
  }
  checkDefinition(definition, dialect, (position, reason) => {
    throw new DomainXmlError(reason, position ?? root.position)
  })
  return definition
}

function refused(element: XmlElement, reason: string): DomainXmlError {
  return new DomainXmlError(reason, element.position)
}

function parseName(root: XmlElement): string {
  const element = childrenOf(root, 'name')[0]
  const name = element?.text ?? ''
  if (element === undefined || name === '') throw refused(element ?? root, 'missing name information')
  if (name.includes('/')) throw refused(element, `XML error: name ${name} cannot contain '/'`)
  return name
}

function parseAction<Action extends LifecycleAction | CrashAction>(
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

function parsePanic(element: XmlElement, arch: string, machineType: string): PanicDevice {
  const written = element.attributes.get('model') ?? 'default'
  const model = PANIC_MODELS.find((candidate) => candidate === written)
  if (model === undefined) throw refused(element, `unsupported configuration: unknown panic model '${written}'`)
  const address = childrenOf(element, 'address')[0]
  return {
    model: model === 'default' ? defaultModel(arch, machineType) : model,
    ...(address === undefined ? {} : { address: parseAddress(address) }),
    position: element.position,
  }
}

function defaultModel(arch: string, machineType: string): PanicModel {
  if (/^ppc64(le)?$/.test(arch) && machineType.startsWith('pseries')) return 'pseries'
  return /^s390x?$/.test(arch) ? 's390' : 'isa'
}

function parseAddress(element: XmlElement): PanicAddress {
  const type = element.attributes.get('type')
  if (type === undefined) throw refused(element, 'internal error: No type specified for device address')
  if (!Object.hasOwn(ADDRESS_TYPES, type))
    throw refused(element, `unsupported configuration: unknown address type '${type}'`)
  const refusal = ADDRESS_TYPES[type]
  if (refusal !== undefined) throw refused(element, refusal)
  if (type !== 'isa') return { type }
  const iobase = parseHexadecimal(element, 'iobase')
  const irq = parseHexadecimal(element, 'irq')
  const iobaseText = element.attributes.get('iobase')
  return {
    type,
    ...(iobase === undefined ? {} : { iobase }),
    ...(iobaseText === undefined ? {} : { iobaseText }),
    ...(irq === undefined ? {} : { irq }),
  }
}

/** Both attributes are hexadecimal whether or not they begin with 0x, as C's strtoul with base 16 reads them. */
function parseHexadecimal(element: XmlElement, name: string): number | undefined {
  const written = element.attributes.get(name)
  if (written === undefined) return undefined
  const digits = /^[ \t\n\v\f\r]*\+?(?:0[xX])?([0-9a-fA-F]+)$/.exec(written)?.[1]
  const value = digits === undefined ? Number.NaN : Number.parseInt(digits, HEXADECIMAL)
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
