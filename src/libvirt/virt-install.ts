// virt-install's defaults, and what it makes of `--panic`.

import { OptionRangeError } from '../common/check.js'
import { isBefore, parseVersion } from '../common/version.js'
import type { CrashAction } from './domain-definition.js'

/** The `on_crash` values that virt-install writes by itself. */
export interface VirtInstallDefaults {
  /** What is written while the guest is being installed, and what afterwards; undefined: libvirt's default, destroy. */
  readonly installing: CrashAction | undefined
  readonly onCrash: CrashAction | undefined
}

const NO_ON_CRASH_SINCE = '1.4.1' // commit fc6778108: "restart" was found to be trouble
const S390_PRESERVE = '1.4.0'
const NO_IOBASE_SINCE = '1.4.3' // commit 48604bfb3
const BARE_ELEMENT_SINCE = '5.0.0' // commit ebeb80073

/**
 * What a version of virt-install writes as `on_crash` if it is not told.
 * @param version of virt-manager, of which virt-install is a part: '0.10.0', '4.1.0', ...
 */
export function virtInstallDefaults(version: string, arch = 'x86_64'): VirtInstallDefaults {
  const parsed = parseVersion('virt-install', version)
  if (!isBefore(parsed, parseVersion('', NO_ON_CRASH_SINCE))) return { installing: undefined, onCrash: undefined }
  const preserves = arch === 's390x' && !isBefore(parsed, parseVersion('', S390_PRESERVE))
  return { installing: 'destroy', onCrash: preserves ? 'preserve' : 'restart' }
}

const DEFAULT_MODELS: Readonly<Record<string, string>> = {
  i686: 'isa',
  x86_64: 'isa',
  ppc64: 'pseries',
  ppc64le: 'pseries',
  s390x: 's390',
}

/** Attributes of `<address>`, in the order in which they are written. */
const ADDRESS_ATTRIBUTES = ['type', 'domain', 'bus', 'slot', 'function', 'iobase', 'irq']
/** What an option of `--panic` sets. */
const OPTION_NAMES: ReadonlyMap<string, string> = new Map([
  ...['model', 'iobase', 'alias.name'].map((name) => [name, name] as const),
  ...ADDRESS_ATTRIBUTES.map((name) => [`address.${name}`, name] as const),
])

/**
 * The XML that virt-install makes of one `--panic` value, or undefined if it makes none: 'default', 'none', a model, a
 * port ('0x506'), 'iobase=0x506', 'address.slot=7', 'model=isa,iobase=0x506', ... It checks no value: libvirt refuses some
 * of the results. Held against virt-install 4.1.0 and 5.0.0; 1.4.3 and before are read in its history.
 * @throws {OptionRangeError} naming the parts that it does not know, as it does.
 */
export function virtInstallPanic(value: string, version = '5.0.0', arch = 'x86_64'): string | undefined {
  const parsed = parseVersion('virt-install', version)
  if (value === 'none') return undefined
  const options = readOptions(value)
  const written = options.get('model') ?? 'default'
  // A bare port stands where a model would.
  const isPort = written.startsWith('0x')
  if (isPort) options.set('iobase', written)
  const isBare = !isBefore(parsed, parseVersion('', BARE_ELEMENT_SINCE))
  const model = isPort ? 'isa' : written === 'default' ? (isBare ? '' : DEFAULT_MODELS[arch]) : written
  if (model === undefined) return undefined
  if (model === 'isa' && isBefore(parsed, parseVersion('', NO_IOBASE_SINCE)) && !options.has('iobase')) {
    options.set('iobase', '0x505')
  }
  if (options.has('iobase') && !options.has('type')) options.set('type', 'isa')
  const attributes = (names: readonly string[]) =>
    names.flatMap((name) => (options.has(name) ? [` ${name}="${options.get(name)}"`] : [])).join('')
  const start = model === '' ? '<panic' : `<panic model="${model}"`
  const address = attributes(ADDRESS_ATTRIBUTES)
  const alias = options.get('alias.name')
  const children = [
    ...(address === '' ? [] : [`<address${address}/>`]),
    ...(alias === undefined ? [] : [`<alias name="${alias}"/>`]),
  ]
  return children.length === 0 ? `${start}/>` : `${start}>${children.join('')}</panic>`
}

/** The options of a value by the attribute that they set. */
function readOptions(value: string): Map<string, string> {
  const options = new Map<string, string>()
  const unknown: string[] = []
  for (const [index, part] of value.split(',').entries()) {
    if (part === '') continue
    const [, key = '', setting] = /^([^=]*)(?:=(.*))?$/s.exec(part) ?? []
    const name = OPTION_NAMES.get(key)
    if (index === 0 && setting === undefined) options.set('model', part)
    else if (setting !== undefined && name !== undefined) options.set(name, setting)
    else unknown.push(key)
  }
  if (unknown.length === 0) return options
  throw new OptionRangeError('--panic', `Unknown --panic options: [${unknown.map((key) => `'${key}'`).join(', ')}]`)
}
