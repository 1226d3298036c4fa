// The command line that libvirt 9.0 gives QEMU for a definition: what decides over a panic, in its order.

import { checkIsDefinition, type DomainDefinition } from './domain-definition.js'

export interface QemuArgumentsOptions {
  /** QEMU's `-device` takes JSON (since 6.2), and libvirt writes that. True unless given. */
  readonly json?: boolean
}

/**
 * The arguments for the panic devices and the ends of a guest's run, and everything that is passed through. Of `-cpu`
 * only what a hyperv panic device makes of libvirt's default CPU. `on_crash` never shows: libvirt acts by itself.
 *
 * Held against `virsh domxml-to-native qemu-argv` of libvirt 9.0.0 with QEMU 7.2. QEMU before 6.0, for which libvirt
 * adds `-no-reboot` to some domains, is not covered.
 * @throws {TypeError} if `definition` is something else.
 */
export function qemuArguments(definition: DomainDefinition, { json = true }: QemuArgumentsOptions = {}): string[] {
  checkIsDefinition(definition)
  const hyperv = definition.panics.some(({ model }) => model === 'hyperv')
  const isa = definition.panics.filter(({ model }) => model === 'isa')
  return [
    ...(hyperv ? ['-cpu', `${definition.arch === 'i686' ? 'qemu32' : 'qemu64'},hv-crash`] : []),
    '-no-shutdown',
    ...definition.qemuArguments,
    ...isa.flatMap(({ address }) => {
      // An address without iobase means port 0, not the device's default.
      const port = address === undefined ? {} : { ioport: address.iobase ?? 0 }
      return ['-device', deviceArgument(port, json)]
    }),
  ]
}

function deviceArgument(properties: { ioport?: number }, json: boolean): string {
  if (json) return JSON.stringify({ driver: 'pvpanic', ...properties })
  return ['pvpanic', ...Object.entries(properties).map(([name, value]) => `${name}=${value}`)].join(',')
}
