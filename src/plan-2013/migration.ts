// "This does not break migration": a machine's state moved to another machine, and what the guest loses by it.

import { hex } from '../common/hex.js'
import type { Machine } from '../machine/machine.js'

/** What a migration to another QEMU does to a guest. */
export interface Migration {
  /** The guest goes on as it did before: running, paused or panicked. */
  readonly runsOn: boolean
  /** What is missing afterwards, a sentence each. */
  readonly losses: readonly string[]
}

/**
 * Moves the state of `source` into `destination`, whose devices may be others, and ends `source`.
 *
 * A guest that has found the device keeps writing to its port. What it loses without the device is what QEMU's commit
 * 7839ff593b, which took the builtin one away, names: the fw_cfg file, and that its panics are reported.
 * @throws {MachineError} if `source` has ended.
 */
export function migrate(source: Machine, destination: Machine): Migration {
  const { runState } = source
  source.stop()
  const losses = destination.load({ ...source.save(), runState })
  const ports = new Set(destination.pvpanics.map(({ iobase }) => iobase))
  for (const { iobase } of source.pvpanics) {
    if (ports.has(iobase)) continue
    losses.push(`a panic that the guest writes to port ${hex(iobase)} is no longer reported`)
  }
  const [before] = source.pvpanics
  const [after] = destination.pvpanics
  if (before !== undefined && after?.iobase !== before.iobase) {
    const now = after === undefined ? 'is gone' : `has port ${hex(after.iobase)}`
    losses.push(`the fw_cfg file etc/pvpanic-port ${now}: the guest notices when it looks again, after a reboot`)
  }
  source.quit()
  return { runsOn: destination.runState === runState, losses }
}
