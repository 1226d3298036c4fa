// What a Domain can be told beside its definition.

import type { LaunchOptions } from '../qemu-options/launch-machine.js'

/** What can be done instead of `ignore`, where the QEMU version cannot let a panicked guest go on. */
export type Fallback = 'destroy' | 'restart' | 'preserve'

export interface DomainOptions extends Omit<LaunchOptions, 'machineType'> {
  /** The machine type to launch. The definition's. */
  readonly machineType?: string
  /** The command line to launch. `qemuArguments(definition)`. */
  readonly arguments?: readonly string[]
  /** A transient domain is gone once it has stopped. False. */
  readonly transient?: boolean
  /** Writes the guest's memory to a file of that name; it throws if it cannot. None: every dump fails. */
  readonly dump?: (fileName: string) => void
  /** Instead of `on_crash` 'ignore' where that cannot be. 'destroy', which is the default of on_crash too. */
  readonly fallback?: Fallback
  /** 'libvirt' refuses 'ignore' as a lifecycle action, as libvirt does. 'message'. */
  readonly dialect?: 'message' | 'libvirt'
  /** Told of what libvirt would log, and of listeners that throw. Writes to the console unless given. */
  readonly onWarning?: (text: string) => void
}
