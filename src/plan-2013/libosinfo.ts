// What the proposal of 2013 lets libosinfo advise for a new guest.

import type { CrashAction, DomainDefinition } from '../libvirt/domain-definition.js'
import type { HostCapabilities } from './capabilities.js'

/** Whether the element is to be written, and with which on_crash. */
export interface LibosinfoAdvice {
  readonly addElement: boolean
  /** To be written with the element, so that the guest's behaviour does not change. */
  readonly onCrash: CrashAction | undefined
  readonly why: string
}

/** Whether libosinfo should add the element by default, for a guest on a host with these capabilities. */
export function adviseLibosinfo(host: HostCapabilities, guest: { readonly hasDriver: boolean }): LibosinfoAdvice {
  const no = (why: string): LibosinfoAdvice => ({ addElement: false, onCrash: undefined, why })
  if (!guest.hasDriver) return no('the guest has no pvpanic driver')
  if (!host.ignore) return no('without on_crash=ignore the element would change what the guest does')
  if (!host.panicNotifier) return no('the capability is not there')
  return { addElement: true, onCrash: 'ignore', why: 'the capability is there' }
}

/** The definition as the advice has it. */
export function takeAdvice(definition: DomainDefinition, { addElement, onCrash }: LibosinfoAdvice): DomainDefinition {
  return { ...definition, ...(addElement && { panicNotifier: true }), ...(onCrash && { onCrash }) }
}
