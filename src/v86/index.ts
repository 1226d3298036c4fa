// Entry point isa-pvpanic/v86: the machine around a v86 emulator.

export { attach } from './attach.js'
export type { AttachOptions } from './attach-options.js'
export { createEmulator, destroyEmulator, type EmulatorOptions } from './boot-rom.js'
export { restoreGuest, SavedStateError, saveGuest } from './saved-state.js'
export { EmulatorFault } from './v86-cpu.js'
export { compileWasm, type WasmModule } from './wasm-module.js'
