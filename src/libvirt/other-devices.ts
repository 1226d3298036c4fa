// Panic devices of a domain that no Machine simulates: the PCI device, and Hyper-V's crash registers.

import type { DomainDefinition } from './domain-definition.js'

/** What each is called, and which driver a guest needs for it. */
const DEVICES = {
  'pvpanic-pci': "Linux's pvpanic-pci",
  hyperv: 'for Hyper-V crash registers',
} as const
export type OtherDevice = keyof typeof DEVICES

/** Those that a domain has, in its XML or among the arguments that it passes through. */
export function otherPanicDevices({ panics, qemuArguments }: DomainDefinition): OtherDevice[] {
  const passed = qemuArguments.map((word, index) => ({ word, option: qemuArguments[index - 1] }))
  const has = {
    'pvpanic-pci':
      panics.some(({ model }) => model === 'pvpanic') ||
      passed.some(({ word, option }) => option === '-device' && /(^|driver"?\s*[:=]\s*"?)pvpanic-pci\b/.test(word)),
    hyperv:
      panics.some(({ model }) => model === 'hyperv') ||
      passed.some(({ word, option }) => option === '-cpu' && /,\+?hv-crash|,hv_crash/.test(word)),
  }
  return (Object.keys(DEVICES) as OtherDevice[]).filter((name) => has[name])
}

/** A sentence for each: what it is, and what is not known of it here. */
export const aboutOtherDevice = (device: OtherDevice): string =>
  `${device} is not simulated here: a guest with a driver ${DEVICES[device]} would report`
