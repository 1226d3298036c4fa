// The proposal's argument for option 2b, run: whose policy is followed, what a fallback costs, what an update changes.

import { domainDefinition } from '../libvirt/domain-definition.js'
import { FALLBACKS, type Fallback } from '../libvirt/domain-options.js'
import { formatDomainXml } from '../libvirt/format-domain-xml.js'
import { parseDomainXml } from '../libvirt/parse-domain-xml.js'
import type { Outcome } from '../libvirt/run-domain.js'
import type { ScriptedGuest } from '../libvirt/scripted-guest.js'
import { virtInstallDefaults } from '../libvirt/virt-install.js'
import { capabilitiesXml, readCapabilities } from './capabilities.js'
import { adviseLibosinfo, takeAdvice } from './libosinfo.js'
import { OPTIONS, type Plan, type PlanInput, type PlanOption, planPanicNotifier } from './plan-panic-notifier.js'
import { PLANNED_RANGES } from './planned-qemu.js'
import { simulate } from './simulate.js'

/** A host under one of the options, and its machine type. */
export type PlannedHost = Pick<PlanInput, 'qemu' | 'machineType' | 'option' | 'stage' | 'fallback'>

/** The plan for a domain's XML on a host. @throws {DomainXmlError} if it is no domain XML of the proposal. */
export function planDomain(xml: string, host: PlannedHost): Plan {
  const { panicNotifier: element, onCrash } = parseDomainXml(xml, { proposal2013: true })
  return planPanicNotifier({ ...host, element, onCrash })
}

/** A new domain for a guest as libosinfo makes it: the host's capabilities are made, read, and the advice is taken. */
export function advisedDomain(host: PlannedHost, guest: { readonly hasDriver: boolean }): string {
  const capabilities = capabilitiesXml(planPanicNotifier({ ...host, element: false }))
  const advice = adviseLibosinfo(readCapabilities(capabilities), guest)
  return formatDomainXml(takeAdvice(domainDefinition(), advice))
}

/** A guest with a driver whose own policy is to reboot after a panic. */
const REBOOTING: ScriptedGuest = { driver: 'firmware', rebootOnPanic: true }
const MACHINE_TYPES = ['pc-1.5', 'pc-i440fx-1.4'] as const

/** Whether a guest did what it does by itself. */
const followedPolicy = ({ rebootedItself }: Outcome): boolean => rebootedItself

/** How often the guest's own policy was followed under an option. */
export interface PolicyRow {
  readonly option: PlanOption
  /** The situations: each range of QEMU versions with the device, with a 1.5 machine type and with another. */
  readonly situations: number
  /** In how many of them the guest rebooted by its own policy. */
  readonly followed: number
}

/** "Guest policy will always be followed correctly": counted for each option, with domains made by libosinfo's advice. */
export function guestPolicyRows(): PolicyRow[] {
  const versions = PLANNED_RANGES.filter(({ device }) => device).map(({ first }) => first)
  return OPTIONS.map((option) => {
    const hosts = versions.flatMap((qemu) => MACHINE_TYPES.map((machineType) => ({ qemu, machineType, option })))
    const outcomes = hosts.map((host) =>
      simulate(planDomain(advisedDomain(host, { hasDriver: true }), host), REBOOTING),
    )
    return { option, situations: outcomes.length, followed: outcomes.filter(followedPolicy).length }
  })
}

/** A fallback, and what a run of it came to. */
export interface FallbackRow {
  readonly fallback: Fallback
  /** What the proposal says for it. */
  readonly advantage: string
  /** What the domain came to. */
  readonly state: string
  /** What was run to see the advantage, and what it showed. */
  readonly shown: string
}

const show = ({ state: { state, reason } }: Outcome): string => `${state} (${reason})`

/** The three fallbacks where ignore cannot be, each with its advantage shown by a run. */
export function fallbackRows(): FallbackRow[] {
  const host: PlannedHost = { qemu: '1.6.0', machineType: 'pc-1.5', option: '1' }
  const run = (onCrash: PlanInput['onCrash'], fallback: Fallback) =>
    simulate(planPanicNotifier({ ...host, element: true, ...(onCrash && { onCrash }), fallback }), REBOOTING)
  const shown: Readonly<Record<Fallback, (outcome: Outcome) => string>> = {
    destroy: (outcome) =>
      `a domain without on_crash comes to the same: ${show(run(undefined, 'destroy')) === show(outcome)}`,
    preserve: ({ state }) => `the guest's memory is there to be examined: ${state.state === 'crashed'}`,
    restart: (outcome) => {
      const { onCrash } = virtInstallDefaults('0.10.0')
      const same = show(run(onCrash, 'destroy')) === show(outcome)
      return `the guest runs again: ${outcome.state.state === 'running'}; virt-install 0.10.0 writes ${onCrash}, to the same end: ${same}`
    },
  }
  const advantages: Readonly<Record<Fallback, string>> = {
    destroy: 'it is the default',
    preserve: 'lets the admin examine the panic',
    restart: 'maximum availability of the VM, it is the default for virt-install',
  }
  return FALLBACKS.map((fallback) => {
    const outcome = run('ignore', fallback)
    return { fallback, advantage: advantages[fallback], state: show(outcome), shown: shown[fallback](outcome) }
  })
}

/** The four programs on whose versions it depends what becomes of a panic. */
export const UPDATED_PROGRAMS = ['QEMU', 'libvirt', 'libosinfo', 'guest kernel'] as const

/** What follows a panic before and after one program is updated. */
export interface UpdateRow {
  readonly option: PlanOption
  readonly updated: (typeof UPDATED_PROGRAMS)[number]
  /** What follows a panic before the update, and after it. */
  readonly before: Outcome['action']
  readonly after: Outcome['action']
}

/**
 * "Could start happening randomly by updating any one of QEMU, libvirt, libosinfo or the guest kernel": the same guest on
 * the same host, with one program older. The host is QEMU 1.6.0, a libvirt of stage B, a libosinfo that adds the element
 * and a kernel with a driver.
 */
export function updateRows(): UpdateRow[] {
  return OPTIONS.flatMap((option) => {
    const host: PlannedHost = { qemu: '1.6.0', machineType: 'pc-i440fx-1.4', option }
    const plain = formatDomainXml(domainDefinition())
    const advised = (on: PlannedHost, hasDriver = true) => planDomain(advisedDomain(on, { hasDriver }), on)
    const act = (plan: Plan, driver: ScriptedGuest['driver'] = 'firmware') =>
      simulate(plan, { driver, rebootOnPanic: true }).action
    const after = act(advised(host))
    const old = { ...host, qemu: '1.4.2' }
    const before: Readonly<Record<UpdateRow['updated'], Outcome['action']>> = {
      QEMU: act(advised(old)),
      libvirt: act(advised({ ...host, stage: 'A' })),
      libosinfo: act(planDomain(plain, host)),
      'guest kernel': act(advised(host), 'none'),
    }
    return UPDATED_PROGRAMS.map((updated) => ({ option, updated, before: before[updated], after }))
  })
}
