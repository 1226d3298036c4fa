// The capability of the proposal: what `virsh capabilities` would tell of a host, and what libosinfo reads of it.

import { childrenOf, parseXmlTree } from '../libvirt/xml-tree.js'
import type { Plan } from './plan-panic-notifier.js'

/** What a host can do. */
export interface HostCapabilities {
  /** A domain may have `<panic-notifier/>`. */
  readonly panicNotifier: boolean
  /** libvirt knows on_crash=ignore. */
  readonly ignore: boolean
}

/**
 * What `virsh capabilities` prints for a planned host. The proposal asks for "a capability" and names no element: these
 * two are chosen here.
 */
export function capabilitiesXml({ capabilityExposed, input }: Plan): string {
  const features = [
    ...(capabilityExposed ? ['<panic-notifier/>'] : []),
    ...(input.stage === 'B' ? ['<on_crash_ignore/>'] : []),
  ]
  return [
    '<capabilities>',
    '  <guest>',
    '    <os_type>hvm</os_type>',
    "    <arch name='x86_64'/>",
    '    <features>',
    ...features.map((feature) => `      ${feature}`),
    '    </features>',
    '  </guest>',
    '</capabilities>',
    '',
  ].join('\n')
}

/** Reads them back. @throws {DomainXmlError} for what is not well-formed. */
export function readCapabilities(xml: string): HostCapabilities {
  const features = childrenOf(parseXmlTree(xml), 'guest').flatMap((guest) => childrenOf(guest, 'features'))
  const has = (name: string) => features.some((element) => childrenOf(element, name).length > 0)
  return { panicNotifier: has('panic-notifier'), ignore: has('on_crash_ignore') }
}
