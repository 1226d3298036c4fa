// What a domain definition says about panics and the end of a guest's run.

import { checkOneOf, OptionTypeError } from '../common/check.js'
import { kindOf } from '../common/kind-of.js'
import type { TextPosition } from './domain-xml-error.js'

/** libvirt's actions for `<on_crash>`; `rename-restart` is parsed, and then refused by the QEMU driver. */
export const LIBVIRT_ACTIONS = [
  'destroy',
  'restart',
  'rename-restart',
  'preserve',
  'coredump-destroy',
  'coredump-restart',
] as const
/** Those, and `ignore` of Bonzini's proposal of 2013, which libvirt never got: the panic is noted, the guest goes on. */
export const CRASH_ACTIONS = [...LIBVIRT_ACTIONS, 'ignore'] as const
/** A value of `<on_crash>`: what libvirt knows, and the proposal of 2013's `ignore`. */
export type CrashAction = (typeof CRASH_ACTIONS)[number]
/** What can follow a guest's reboot or power-off. */
export type LifecycleAction = (typeof LIBVIRT_ACTIONS)[number]

/** `pvpanic` is the PCI device, which libvirt knows since 9.1. */
export const PANIC_MODELS = ['isa', 'pseries', 'hyperv', 's390', 'pvpanic'] as const
/** The model of a `<panic>` element. */
export type PanicModel = (typeof PANIC_MODELS)[number]

/** Place of a PCI device. */
export interface PciAddress {
  /** 0..0xffffffff as libvirt reads it, and 0 in every PC. */
  readonly domain: number
  /** 0..0xff. */
  readonly bus: number
  /** 0..0x1f; 0 with function 0 on bus 0 means that libvirt is to choose. */
  readonly slot: number
  /** 0..7. */
  readonly function: number
}

/** `<address>` of a panic device. */
export interface PanicAddress {
  readonly type: string
  /** 0..0xffffffff as libvirt reads it, though QEMU takes 16 bits; absent: not written, which makes port 0. */
  readonly iobase?: number
  /** The iobase as it stands in the XML; it is hexadecimal with or without 0x. */
  readonly iobaseText?: string
  readonly irq?: number
  /** Of type 'pci'. */
  readonly pci?: PciAddress
}

/** `<panic>`. */
export interface PanicDevice {
  readonly model: PanicModel
  readonly address?: PanicAddress
  readonly position?: TextPosition
}

/** What of a domain concerns a panic. Everything has the value that libvirt gives it when it is not written. */
export interface DomainDefinition {
  readonly name: string
  /** `type` of `<domain>`: 'qemu', 'kvm', ... */
  readonly type: string
  /** `<os><type>`: 'hvm', ... */
  readonly osType: string
  readonly arch: string
  /** As written: 'pc', 'pc-i440fx-1.5', ...; '' if not written. */
  readonly machineType: string
  /** The processor as QEMU's -cpu names it: 'max', 'host', a model; 'host-model'; '' if not written. */
  readonly cpu: string
  /** Path of the program; '' if not written. */
  readonly emulator: string
  readonly onPoweroff: LifecycleAction
  readonly onReboot: LifecycleAction
  readonly onCrash: CrashAction
  readonly panics: readonly PanicDevice[]
  /** The proposal's `<panic-notifier/>` is there. */
  readonly panicNotifier: boolean
  /** A memory balloon on the PCI bus, which libvirt adds unless there is `<memballoon model='none'/>`. */
  readonly balloon: boolean
  /** A USB controller on the PCI bus, which libvirt adds unless there is `<controller type='usb' model='none'/>`. */
  readonly usb: boolean
  /** `<qemu:arg>` of `<qemu:commandline>`, handed to QEMU as they are. */
  readonly qemuArguments: readonly string[]
}

/** A definition without a panic device and with libvirt's defaults, changed by `parts`. */
export function domainDefinition(parts: Partial<DomainDefinition> = {}): DomainDefinition {
  return {
    name: 'guest',
    type: 'qemu',
    osType: 'hvm',
    arch: 'x86_64',
    machineType: 'pc',
    cpu: '',
    emulator: '',
    onPoweroff: 'destroy',
    onReboot: 'restart',
    onCrash: 'destroy',
    panics: [],
    panicNotifier: false,
    balloon: true,
    usb: true,
    qemuArguments: [],
    ...parts,
  }
}

/**
 * Makes sure, for callers without TypeScript, that a value is a whole definition.
 * @throws {OptionTypeError} that says what makes one; {OptionRangeError} for an action or a panic model that does not exist.
 */
export function checkIsDefinition(value: unknown): asserts value is DomainDefinition {
  const expected = 'expected what parseDomainXml or domainDefinition returns'
  if (typeof value !== 'object' || value === null) {
    throw new OptionTypeError('definition', `${expected}, got ${kindOf(value)}`)
  }
  const example = domainDefinition()
  for (const [name, member] of Object.entries(example)) {
    const found: unknown = Reflect.get(value, name)
    const fits = Array.isArray(member) ? Array.isArray(found) : typeof found === typeof member
    if (!fits) throw new OptionTypeError('definition', `${expected}; its ${name} is ${kindOf(found)}`)
  }
  const { onCrash, onReboot, onPoweroff, panics } = value as DomainDefinition
  checkOneOf('onCrash', onCrash, CRASH_ACTIONS)
  checkOneOf('onReboot', onReboot, LIBVIRT_ACTIONS)
  checkOneOf('onPoweroff', onPoweroff, LIBVIRT_ACTIONS)
  for (const [index, panic] of panics.entries()) checkOneOf(`panics[${index}].model`, panic?.model, PANIC_MODELS)
}
