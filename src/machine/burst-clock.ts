// The time for a guest's reports, which come in bursts of millions: asking the system costs more than all the rest of one.

/** Calls within one turn of the event loop that share a reading. */
const CALLS_A_READING = 16

let reading = 0
let callsLeft = 0
let turnIsWatched = false
const endTurn = () => {
  callsLeft = 0
  turnIsWatched = false
}

/**
 * Milliseconds since 1970, as `Date.now` gave them at the first call in this turn of the event loop or at one of the
 * last sixteen.
 */
export function burstClock(): number {
  if (callsLeft === 0) readClock()
  callsLeft--
  return reading
}

function readClock(): void {
  reading = Date.now()
  callsLeft = CALLS_A_READING
  if (turnIsWatched) return
  turnIsWatched = true
  queueMicrotask(endTurn)
}
