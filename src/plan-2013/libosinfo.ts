// What the plan of 2013 lets libosinfo advise.

import type { CrashAction } from '../libvirt/domain-definition.js'
import type { Plan } from './plan-panic-notifier.js'

/** Whether a tool that makes domains should add the element. */
export interface LibosinfoAdvice {
  readonly addElement: boolean
  /** To be written with the element, so that the guest's behaviour does not change. */
  readonly onCrash: CrashAction | undefined
  readonly why: string
}

/** Whether libosinfo should add the element by default, as the message has it, for a guest on the planned host. */
export function adviseLibosinfo(plan: Plan, guest: { readonly hasDriver: boolean }): LibosinfoAdvice {
  const no = (why: string): LibosinfoAdvice => ({ addElement: false, onCrash: undefined, why })
  if (!guest.hasDriver) return no('the guest has no pvpanic driver')
  if (plan.input.stage === 'A') return no('without on_crash=ignore the element would change what the guest does')
  if (!plan.libosinfoAddsElement) return no('the capability is not there')
  return { addElement: true, onCrash: 'ignore', why: 'the capability is there' }
}
