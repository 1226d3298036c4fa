// The core entry point: port bus, devices, machine. It imports nothing at run time.

export { IoPortBus, type IoPortBusOptions } from './bus/io-port-bus.js'
export type { PortDevice } from './bus/port-device.js'
export type { MapOptions, PortChangeListener, PortMapping, PortRange } from './bus/port-map.js'
export { type PortAccess, tapPorts } from './bus/port-tap.js'
export {
  type PortTraceDifference,
  PortTraceError,
  PortTraceWriter,
  portTraceHeader,
  readPortTrace,
  recordPortTrace,
  replayPortTrace,
} from './bus/port-trace.js'
export type { WideAccess } from './bus/wide-access.js'
export { OptionRangeError, OptionTypeError } from './common/check.js'
export { DEBUG_EXIT_DEFAULT_IOBASE, DEBUG_EXIT_PORTS, DebugExit } from './devices/debug-exit.js'
export {
  type DmaChannelState,
  type DmaHandler,
  type DmaMemory,
  I8257,
  I8257_PRIMARY,
  I8257_SECONDARY,
  type I8257Config,
  type I8257Options,
  type I8257State,
} from './devices/i8257.js'
export {
  PVPANIC_CRASH_LOADED,
  PVPANIC_DEFAULT_IOBASE,
  PVPANIC_PANICKED,
  PVPANIC_SHUTDOWN,
  Pvpanic,
  type PvpanicCounts,
  type PvpanicDeviceState,
  type PvpanicEvent,
  type PvpanicOptions,
} from './devices/pvpanic.js'
export type { CpuControl } from './machine/cpu-control.js'
export type { EventListener } from './machine/event-queue.js'
export type {
  EventName,
  MachineEvent,
  MachineEvents,
  PanicAction,
  ShutdownData,
  ShutdownReason,
  Timestamp,
} from './machine/events.js'
export { Machine, type MachinePvpanic } from './machine/machine.js'
export { MachineError } from './machine/machine-error.js'
export type { MachineActions, MachineOptions } from './machine/machine-options.js'
export type { MachineState, PvpanicSource, PvpanicState } from './machine/machine-state.js'
export { hasMachineType, type MachineType, machineTypes } from './machine/machine-types.js'
export type { PanicLog, PanicLogEntry, PanicLogState } from './machine/panic-log.js'
export { QEMU_HISTORY, type QemuFacts, type QemuProfile, qemuProfile } from './machine/qemu-versions.js'
export type { PanicMode, RunState } from './machine/transitions.js'
