// What a Domain can be told beside its definition.

import type { Awaitable } from '../common/awaitable.js'
import type { OptionNames } from '../common/check.js'
import type { LaunchOptions } from '../qemu-options/launch-machine.js'

/** What can be done instead of `ignore`, where the QEMU version cannot let a panicked guest go on. */
export const FALLBACKS = ['destroy', 'preserve', 'restart'] as const
/** What follows a panic where `ignore` cannot be carried out. */
export type Fallback = (typeof FALLBACKS)[number]

/** How a domain is started. */
export interface DomainOptions extends Omit<LaunchOptions, 'machineType'> {
  /** libvirt's version, '9.0' or a later one. The newest known. */
  readonly libvirt?: string
  /** The machine type to launch. The definition's. */
  readonly machineType?: string
  /** The command line to launch. `qemuArguments(definition)`. */
  readonly arguments?: readonly string[]
  /** A transient domain is gone once it has stopped. False. */
  readonly transient?: boolean
  /**
   * Writes the guest's memory to a file of that name, and may give its bytes as a number; it throws or rejects if it cannot.
   * Default: the guest's own `dumpCore`; a guest without one cannot be dumped.
   */
  readonly dump?: (fileName: string) => Awaitable<unknown>
  /** The folder for dumps of a crashed guest. '/var/lib/libvirt/qemu/dump'. */
  readonly autoDumpPath?: string
  /** Takes on_crash 'ignore', as Bonzini's proposal of 2013 has it and no libvirt. False. */
  readonly proposal2013?: boolean
  /** Instead of on_crash 'ignore' where that cannot be. 'destroy', which is the default of on_crash too. */
  readonly fallback?: Fallback
  /** Told of what libvirt would log, and of listeners that throw. Writes to the console unless given. */
  readonly onWarning?: (text: string) => void
}

/** The name of every option. */
export const DOMAIN_OPTIONS: OptionNames<DomainOptions> = {
  libvirt: true,
  qemu: true,
  machineType: true,
  cpu: true,
  memory: true,
  clock: true,
  portProperties: true,
  typeName: true,
  arguments: true,
  transient: true,
  dump: true,
  autoDumpPath: true,
  proposal2013: true,
  fallback: true,
  onWarning: true,
}
