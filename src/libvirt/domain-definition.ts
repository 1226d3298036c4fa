// What a domain definition says about panics and the end of a guest's run.

import { OptionTypeError } from '../common/check.js'
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
/** Those, and `ignore`, which the message of 2013 proposes and libvirt never got: the panic is noted, the guest goes on. */
export const CRASH_ACTIONS = [...LIBVIRT_ACTIONS, 'ignore'] as const
export type CrashAction = (typeof CRASH_ACTIONS)[number]
/** What can follow a guest's reboot or power-off. */
export type LifecycleAction = (typeof LIBVIRT_ACTIONS)[number]

export const PANIC_MODELS = ['default', 'isa', 'pseries', 'hyperv', 's390'] as const
/** `default` is what a missing model becomes before the architecture is looked at. */
export type PanicModel = Exclude<(typeof PANIC_MODELS)[number], 'default'>

/** `<address>` of a panic device. */
export interface PanicAddress {
  readonly type: string
  /** 0..0xffffffff as libvirt reads it, though QEMU takes 16 bits; absent: not written, which makes port 0. */
  readonly iobase?: number
  /** The iobase as it stands in the XML; it is hexadecimal with or without 0x. */
  readonly iobaseText?: string
  readonly irq?: number
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
  readonly arch: string
  /** As written: 'pc', 'pc-i440fx-1.5', ...; '' if not written. */
  readonly machineType: string
  /** Path of the program; '' if not written. */
  readonly emulator: string
  readonly onPoweroff: LifecycleAction
  readonly onReboot: LifecycleAction
  readonly onCrash: CrashAction
  readonly panics: readonly PanicDevice[]
  /** The message's `<panic-notifier/>` is there. */
  readonly panicNotifier: boolean
  /** `<qemu:arg>` of `<qemu:commandline>`, handed to QEMU as they are. */
  readonly qemuArguments: readonly string[]
}

/** A definition without a panic device and with libvirt's defaults, changed by `parts`. */
export function domainDefinition(parts: Partial<DomainDefinition> = {}): DomainDefinition {
  return {
    name: 'guest',
    type: 'qemu',
    arch: 'x86_64',
    machineType: 'pc',
    emulator: '',
    onPoweroff: 'destroy',
    onReboot: 'restart',
    onCrash: 'destroy',
    panics: [],
    panicNotifier: false,
    qemuArguments: [],
    ...parts,
  }
}

/**
 * Makes sure, for callers without TypeScript, that a value is a whole definition.
 * @throws {TypeError} that says what makes one.
 */
export function checkIsDefinition(value: unknown): asserts value is DomainDefinition {
  const expected = 'expected what parseDomainXml or domainDefinition returns'
  if (typeof value !== 'object' || value === null)
    throw new OptionTypeError('definition', `${expected}, got ${kindOf(value)}`)
  for (const [name, example] of Object.entries(domainDefinition())) {
    const member: unknown = Reflect.get(value, name)
    const fits = Array.isArray(example) ? Array.isArray(member) : typeof member === typeof example
    if (!fits) throw new OptionTypeError('definition', `${expected}; its ${name} is ${kindOf(member)}`)
  }
}
