// virt-install's defaults, and what it makes of `--panic`.

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

/**
 * The XML that virt-install makes of one `--panic` value, or undefined if it makes none: 'default', 'none', a model, a
 * port ('0x506'), 'iobase=0x506', 'address.iobase=0x506', 'model=isa,iobase=0x506'. As virt-install does, it checks
 * nothing: libvirt refuses some of the results.
 */
export function virtInstallPanic(value: string, version = '4.1.0', arch = 'x86_64'): string | undefined {
  const parsed = parseVersion('virt-install', version)
  if (value === 'none') return undefined
  const pairs = new Map(
    value.split(',').map((part, index): [string, string] => {
      const equals = part.indexOf('=')
      if (equals !== -1) return [part.slice(0, equals).replace('address.', ''), part.slice(equals + 1)]
      return index === 0 && /^0x/i.test(part) ? ['iobase', part] : ['model', part]
    }),
  )
  const written = pairs.get('model') ?? 'default'
  const model = written === 'default' ? DEFAULT_MODELS[arch] : written
  const isDefault = value === 'default'
  if (isDefault && !isBefore(parsed, parseVersion('', BARE_ELEMENT_SINCE))) return '<panic/>'
  if (model === undefined) return undefined
  const oldDefault = model === 'isa' && isBefore(parsed, parseVersion('', NO_IOBASE_SINCE)) ? '0x505' : undefined
  const iobase = pairs.get('iobase') ?? oldDefault
  if (iobase === undefined) return `<panic model="${model}"/>`
  return `<panic model="${model}"><address type="isa" iobase="${iobase}"/></panic>`
}
