// Counts a guest's accesses to the device's port, for the reasons why no report came.

import { PVPANIC_DEFAULT_IOBASE } from '../../../devices/pvpanic.js'
import { coreOf } from '../../../v86/v86-internals.js'
import type { V86 } from '../../../v86/v86-types.js'
import type { PortSight } from '../../silence.js'

/** @param iobase the device's port; null without a device. To be called when the machine is attached. */
export function watchPort(emulator: V86, iobase: number | null): PortSight {
  const { io } = coreOf(emulator).cpu
  const sight: PortSight = { reads: 0, writes: 0, strayWrites: 0 }
  const { port_read8: read, port_write8: write } = io
  io.port_read8 = (port) => {
    if (port === iobase) sight.reads++
    return read.call(io, port)
  }
  io.port_write8 = (port, value) => {
    if (port === iobase) sight.writes++
    else if (port === PVPANIC_DEFAULT_IOBASE) sight.strayWrites++
    write.call(io, port, value)
  }
  return sight
}
