// Bonzini's proposal of 2013 (docs/history.md), executed: options 1, 2a and 2b, and what became of them. It runs in a browser too.

export {
  advisedDomain,
  type FallbackRow,
  fallbackRows,
  guestPolicyRows,
  type PlannedHost,
  type PolicyRow,
  planDomain,
  UPDATED_PROGRAMS,
  type UpdateRow,
  updateRows,
} from './argument.js'
export { type Basis, explainBasis } from './basis.js'
export { capabilitiesXml, type HostCapabilities, readCapabilities } from './capabilities.js'
export { type Detected, detectMarker, MARKERS, type Marker } from './detection.js'
export { adviseLibosinfo, type LibosinfoAdvice, takeAdvice } from './libosinfo.js'
export { LIBVIRT_HISTORY, type LibvirtFact, PLAN_AND_HISTORY } from './libvirt-history.js'
export { type MatrixFilter, type MatrixRow, optionMatrix, type TodayRow, todayMatrix } from './matrix.js'
export { type Migration, migrate } from './migration.js'
export {
  type Decisions,
  OPTIONS,
  PLANNED_ACTIONS,
  type Plan,
  type PlanInput,
  type PlanOption,
  planPanicNotifier,
  STAGES,
  type Stage,
} from './plan-panic-notifier.js'
export { type PlannedMachineOptions, plannedMachine, plannedMonitor } from './planned-machine.js'
export { PLANNED_RANGES, type PlannedQemu, type PlannedRange, plannedQemu } from './planned-qemu.js'
export {
  CHOSEN_READINGS,
  OPEN_QUESTIONS,
  type OpenQuestion,
  PROPOSAL,
  type ProposalSentence,
  type QuestionId,
  type Readings,
} from './proposal.js'
export { disagreements, simulate } from './simulate.js'
export { answerToday, type TodayAnswer, type TodayInput } from './today.js'
