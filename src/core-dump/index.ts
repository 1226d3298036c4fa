// The entry point `isa-pvpanic/core-dump`: a guest's memory and registers as an ELF core file.

export { type CoreFileOwner, coreFileName } from '../common/core-file-name.js'
export { type WriteCoreOptions, writeCore } from './core-file.js'
export { type CoreDumpOptions, dumpCore } from './dump-v86.js'
export { ElfCore, type I386Registers, type MemoryMapping, type MemoryRange } from './elf-core.js'
