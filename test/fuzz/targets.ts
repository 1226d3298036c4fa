// Every fuzz target.

import { busTarget } from './bus.js'
import { floodTarget } from './flood.js'
import { jsonTarget } from './json.js'
import { machineTarget } from './machine.js'
import { optionsTarget } from './options.js'
import { qmpTarget } from './qmp.js'
import { qtestTarget } from './qtest.js'
import { savedStateTarget } from './saved-state.js'
import type { FuzzTarget } from './target.js'
import { traceTarget } from './trace.js'
import { v86StateTarget } from './v86-state.js'
import { xmlTarget } from './xml.js'

export const TARGETS: readonly FuzzTarget[] = [
  busTarget(),
  machineTarget(),
  floodTarget,
  savedStateTarget,
  v86StateTarget,
  qmpTarget,
  qtestTarget,
  jsonTarget,
  xmlTarget,
  optionsTarget,
  traceTarget,
]
