// The signals that end a machine which is served.

import type { Machine } from '../machine/machine.js'

const END_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/** Ends the machine at such a signal, as QEMU does. Returns what ends that. */
export function quitOnSignals(machine: Machine): () => void {
  const end = () => (machine.exitCode === undefined ? machine.quit('host-signal') : undefined)
  for (const signal of END_SIGNALS) process.on(signal, end)
  return () => {
    for (const signal of END_SIGNALS) process.off(signal, end)
  }
}
