// Clean-up that must happen even if this process is ended in the middle of a test.

/** Signals that end a process which does not handle them. */
export const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** One listener for all, however many guests there are. */
const cleanUps = new Set<() => void>()

/** Has `cleanUp` called when this process ends, by exit or by signal. Returns what ends that. It must not wait for anything. */
export function atProcessEnd(cleanUp: () => void): () => void {
  if (cleanUps.size === 0) listen()
  cleanUps.add(cleanUp)
  return () => {
    cleanUps.delete(cleanUp)
    if (cleanUps.size === 0) unlisten()
  }
}

function listen(): void {
  process.on('exit', cleanUpAll)
  for (const signal of ENDING_SIGNALS) process.on(signal, endBySignal)
}

function unlisten(): void {
  process.off('exit', cleanUpAll)
  for (const signal of ENDING_SIGNALS) process.off(signal, endBySignal)
}

function cleanUpAll(): void {
  for (const cleanUp of cleanUps) cleanUp()
}

function endBySignal(signal: NodeJS.Signals): void {
  // Whoever else listens decides what the signal means, and ends the process in its own way.
  if (process.listenerCount(signal) > 1) return
  cleanUpAll()
  unlisten()
  process.kill(process.pid, signal)
}
