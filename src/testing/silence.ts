// Why no report came: the likely reasons, by what was seen of the guest and of what it was made from.

import { hex } from '../common/hex.js'
import { PVPANIC_DEFAULT_IOBASE, PVPANIC_PANICKED } from '../devices/pvpanic.js'
import type { KernelMessages } from './kernel-messages.js'

/** What a guest was booted with. */
export interface BootFacts {
  readonly kernel: boolean
  readonly initrd: boolean
  /** The kernel's command line. */
  readonly append: string
  /** The device's port; null without a device. */
  readonly iobase: number | null
  /** What the device offers. */
  readonly events: number
  /** Whether ACPI tells of the device. Undefined where the engine's own firmware does. */
  readonly isInAcpi: boolean | undefined
}

/** The guest's accesses to the device's port, and to the port where Linux's tables and most kernels expect it. */
export interface PortSight {
  reads: number
  writes: number
  /** Writes to 0x505 while the device is elsewhere. */
  strayWrites: number
}

/**
 * @param sight undefined where the engine does not tell.
 * @param isSilent the guest has printed nothing.
 */
export function likelyReasons(
  facts: BootFacts,
  sight: PortSight | undefined,
  messages: KernelMessages,
  isSilent: boolean,
): string[] {
  const { kernel, append, iobase, events } = facts
  if (iobase === null) return ['the machine has no pvpanic device (iobase: null)']
  if (sight !== undefined && sight.strayWrites > 0) {
    const default_ = hex(PVPANIC_DEFAULT_IOBASE)
    return [`the guest wrote to port ${default_}, where nothing is; the device is at port ${hex(iobase)}`]
  }
  if (kernel && isSilent && !/\bconsole=(ttyS|uart)/.test(append)) {
    return ['nothing was printed: the command line has no console=ttyS0']
  }
  const takesOver = messages.startedAfterPanic || (/\bcrashkernel=/.test(append) && messages.panic !== undefined)
  if (takesOver && !/\bcrash_kexec_post_notifiers\b/.test(append)) {
    return ['a crash kernel is loaded, and the device is not told before it starts: add crash_kexec_post_notifiers']
  }
  if ((events & PVPANIC_PANICKED) === 0) return [`the device offers no panics (events: ${hex(events)})`]
  const noInit = messages.lacksInit && !facts.initrd ? ['there is no initrd, and no root file system was found'] : []
  return [...noInit, ...whyUnread(facts, sight, messages)]
}

function whyUnread({ append, isInAcpi }: BootFacts, sight: PortSight | undefined, messages: KernelMessages): string[] {
  if (messages.panic === undefined || (sight !== undefined && sight.reads > 0)) return []
  if (/\b(acpi=off|noacpi)\b/.test(append))
    return ['the port was never read: acpi=off, and only ACPI tells of the device']
  if (isInAcpi === false) {
    return [
      'the port was never read: this firmware has no ACPI node for the device, as SeaBIOS from 1.17 on; ' +
        'give fwCfgFiles: acpiFiles(), or an older firmware',
    ]
  }
  const blacklisted = /\b(module_blacklist|modprobe\.blacklist|initcall_blacklist)=\S*pvpanic/.test(append)
  const driver = blacklisted
    ? 'its driver is blacklisted on the command line'
    : 'its driver (CONFIG_PVPANIC, pvpanic-mmio) is not in this kernel, or not loaded'
  return [sight === undefined ? `likely ${driver}` : `the port was never read: ${driver}`]
}
