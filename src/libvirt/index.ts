// The managers' side: domain XML, on_crash, the options of 2013, and what became of them. It runs in a browser too.

export { type Basis, explainBasis } from './basis.js'
export { type Detected, detectMarker, MARKERS, type Marker, plannedQmp, type QmpQuery } from './detection.js'
export { Domain } from './domain.js'
export {
  CRASH_ACTIONS,
  type CrashAction,
  type DomainDefinition,
  domainDefinition,
  type LifecycleAction,
  type PanicAddress,
  type PanicDevice,
  type PanicModel,
} from './domain-definition.js'
export type { DomainOptions, Fallback } from './domain-options.js'
export {
  DomainError,
  type DomainEvent,
  type DomainReasons,
  type DomainState,
  type DomainStateName,
  type LifecycleEvent,
  type MonitorEvent,
} from './domain-state.js'
export { domainWarnings } from './domain-warnings.js'
export { DomainXmlError, type TextPosition } from './domain-xml-error.js'
export { type CrashOutcome, type Examination, examineDomain } from './examine-domain.js'
export { formatDomainXml } from './format-domain-xml.js'
export {
  adviseLibosinfo,
  type LibosinfoAdvice,
  type VirtInstallDefaults,
  virtInstallDefaults,
  virtInstallPanic,
} from './install-tools.js'
export { type LaunchOptions, launchMachine } from './launch-machine.js'
export { LIBVIRT_HISTORY, type LibvirtFact, PLAN_AND_HISTORY } from './libvirt-history.js'
export { type MatrixFilter, type MatrixRow, optionMatrix, type TodayRow, todayMatrix } from './matrix.js'
export {
  CHOSEN_READINGS,
  MESSAGE,
  type MessageSentence,
  OPEN_QUESTIONS,
  type OpenQuestion,
  type QuestionId,
  type Readings,
} from './message.js'
export { type Migration, migrate } from './migration.js'
export { type ParseOptions, parseDomainXml } from './parse-domain-xml.js'
export {
  type Decisions,
  FALLBACKS,
  OPTIONS,
  type Option,
  PLANNED_ACTIONS,
  type Plan,
  type PlanInput,
  type PlannedDevice,
  planPanicNotifier,
  STAGES,
  type Stage,
} from './plan-panic-notifier.js'
export { PLANNED_RANGES, type PlannedQemu, type PlannedRange, plannedQemu } from './planned-qemu.js'
export { type QemuArgumentsOptions, qemuArguments } from './qemu-arguments.js'
export { type GuestRun, runGuest, type ScriptedGuest } from './scripted-guest.js'
export { disagreements, type Outcome, runDomain, simulate } from './simulate.js'
export { answerToday, type TodayAnswer, type TodayInput } from './today.js'
