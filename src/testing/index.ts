// Entry point isa-pvpanic/testing: guests to test an emulator, or this library, with.

export type { PvpanicEvent } from '../devices/pvpanic.js'
export { pcPortName } from '../machine/pc-ports.js'
export {
  assertExitCode,
  assertNotPanicked,
  assertPanicked,
  assertReported,
  assertRunState,
  GuestAssertionError,
} from './assertions.js'
export { type BootOptions, bootGuest, type EngineName } from './boot-guest.js'
export type { Checked, GuestRunState } from './checks.js'
export { type CpioEntry, cpioArchive } from './cpio.js'
export type { GuestEngine, GuestMachine } from './engine.js'
export { Guest, type GuestEnding, type GuestOptions } from './guest.js'
export type { GuestImages, Image } from './guest-images.js'
export { ImageError } from './image-error.js'
export {
  EXEC_RESULT,
  LINUX_SWITCHES,
  type LinuxInitrdOptions,
  linuxCommandLine,
  linuxInitrd,
  SHELL_READY,
} from './linux.js'
export { Assembler, type LabelOffset, offset } from './rom/assembler.js'
export { AssemblyError } from './rom/assembly-error.js'
export { type BuiltinGuestOptions, builtinGuest, builtinGuestProgram } from './rom/builtin-guest.js'
export { type DmaProgram, GuestRom } from './rom/guest-rom.js'
export type { Accumulator, Register8, Register16, Register32, SegmentRegister, WordRegister } from './rom/registers.js'
export { type KernelOptions, testKernel, testKernelProgram } from './rom/test-kernel.js'
export type { CommandResult } from './run-command.js'
export type { SerialText } from './serial-text.js'
export type { SnapshotOptions } from './snapshot.js'
export { GuestError, type GuestFailure, type WaitOptions } from './waiters.js'
