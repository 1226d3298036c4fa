// The signals that end a machine which is served.

import type { Machine } from '../machine/machine.js'
import { ENDING_SIGNALS } from '../node/at-process-end.js'

/** Ends the machine at such a signal, as QEMU does. Returns what ends that. */
export function quitOnSignals(machine: Machine): () => void {
  const end = () => (machine.exitCode === undefined ? machine.quit('host-signal') : undefined)
  for (const signal of ENDING_SIGNALS) process.on(signal, end)
  return () => {
    for (const signal of ENDING_SIGNALS) process.off(signal, end)
  }
}
