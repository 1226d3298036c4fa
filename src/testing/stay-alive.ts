// Keeps the process alive while something is waited for that a guest does: guests by themselves do not.

const LONG_MS = 1 << 30

/** Waits for `work`, and has the process wait for it. */
export async function stayAliveFor<T>(work: Promise<T>): Promise<T> {
  const timer = setTimeout(() => {}, LONG_MS)
  try {
    return await work
  } finally {
    clearTimeout(timer)
  }
}
