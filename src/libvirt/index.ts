// The managers' side: domain XML, on_crash, what libvirt does about a panic, virt-install's defaults. It runs in a browser too.

export { type LaunchOptions, launchMachine } from '../qemu-options/launch-machine.js'
export {
  Domain,
  type DumpOptions,
  type QemuGuestOptions,
  type RestoreOptions,
  type SavedDomain,
  type StartOptions,
} from './domain.js'
export {
  CRASH_ACTIONS,
  type CrashAction,
  type DomainDefinition,
  domainDefinition,
  type LifecycleAction,
  type PanicAddress,
  type PanicDevice,
  type PanicModel,
  type PciAddress,
} from './domain-definition.js'
export type { DomainGuest } from './domain-guest.js'
export { type DomainOptions, FALLBACKS, type Fallback } from './domain-options.js'
export {
  DomainError,
  type DomainEvent,
  type DomainReasons,
  type DomainState,
  type DomainStateName,
  type DumpCompleted,
  domainStateNumbers,
  type LifecycleEvent,
  type MonitorEvent,
} from './domain-state.js'
export { domainWarnings } from './domain-warnings.js'
export { DomainXmlError, type TextPosition } from './domain-xml-error.js'
export { type CrashOutcome, type Examination, type ExamineOptions, examineDomain } from './examine-domain.js'
export { formatDomainXml } from './format-domain-xml.js'
export { type ParseOptions, parseDomainXml } from './parse-domain-xml.js'
export { type QemuArgumentsOptions, qemuArguments } from './qemu-arguments.js'
export { type DevicePlace, type Outcome, runDomain } from './run-domain.js'
export { type GuestRun, runGuest, type ScriptedGuest } from './scripted-guest.js'
export { type VirtInstallDefaults, virtInstallDefaults, virtInstallPanic } from './virt-install.js'
