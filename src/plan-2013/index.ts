// Bonzini's proposal of 2013 (docs/history.md), executed: options 1, 2a and 2b, and what became of them. It runs in a browser too.

export { type Basis, explainBasis } from './basis.js'
export { type Detected, detectMarker, MARKERS, type Marker, plannedQmp, type QmpQuery } from './detection.js'
export { adviseLibosinfo, type LibosinfoAdvice } from './libosinfo.js'
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
export {
  type Decisions,
  OPTIONS,
  type Option,
  PLANNED_ACTIONS,
  type Plan,
  type PlanInput,
  planPanicNotifier,
  STAGES,
  type Stage,
} from './plan-panic-notifier.js'
export { PLANNED_RANGES, type PlannedQemu, type PlannedRange, plannedQemu } from './planned-qemu.js'
export { disagreements, simulate } from './simulate.js'
export { answerToday, type TodayAnswer, type TodayInput } from './today.js'
