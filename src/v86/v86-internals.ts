// What is used of v86 beyond its declared interface, in one place. Names as in v86 0.5.462, whose build keeps them.

import { OptionTypeError } from '../common/check.js'
import type { V86 } from './v86-types.js'

/** An I/O handler. v86 gives values as signed or unsigned 32-bit numbers and takes either. */
export type V86PortRead = () => number
export type V86PortWrite = (value: number) => void

/** What serves one port. Handlers are called with `device` as `this`. */
export interface V86Port {
  readonly device: object | undefined
  readonly read8: V86PortRead
  readonly read16: V86PortRead
  readonly read32: V86PortRead
  readonly write8: V86PortWrite
  readonly write16: V86PortWrite
  readonly write32: V86PortWrite
}

/** v86's own port bus. A width without a handler reads as all ones, and swallows writes. */
export interface V86Io {
  readonly ports: readonly V86Port[]
  register_read(port: number, device: object, read8: V86PortRead, read16?: V86PortRead, read32?: V86PortRead): void
  register_write(
    port: number,
    device: object,
    write8: V86PortWrite,
    write16?: V86PortWrite,
    write32?: V86PortWrite,
  ): void
  /** Every access of the guest comes through one of these. */
  port_read8: (port: number) => number
  port_read16: (port: number) => number
  port_read32: (port: number) => number
  port_write8: (port: number, value: number) => void
  port_write16: (port: number, value: number) => void
  port_write32: (port: number, value: number) => void
}

/** The base address registers of a PCI device; one that the device lacks is missing. */
export type V86PciBars = ({ readonly size: number; readonly original_bar?: number } | undefined)[]

export interface V86Cpu {
  readonly io: V86Io
  /** `acpi` is there with v86's option `acpi: true`. [gpe] holds two status bytes and two enable bytes. */
  readonly devices: {
    readonly acpi?: { readonly gpe: Uint8Array }
    readonly pci: { readonly devices: readonly ({ readonly pci_bars: V86PciBars } | undefined)[] }
  }
  /** The files of the fw_cfg device. */
  readonly option_roms: { readonly name: string; readonly data: Uint8Array }[]
  /** The firmware image, if there is any. */
  readonly bios: { readonly main: ArrayBuffer | undefined }
  /** [0] is the size of guest memory in bytes. */
  readonly memory_size: Int32Array
  /** Guest memory. */
  readonly mem8: Uint8Array
  /** EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI. */
  readonly reg32: Int32Array
  /** Selectors of ES, CS, SS, DS, FS, GS. */
  readonly sreg: Uint16Array
  /** Linear addresses at which these segments begin. */
  readonly segment_offsets: Int32Array
  /** [0] is the linear address of the next instruction. */
  readonly instruction_pointer: Int32Array
  /** [0] is the linear address of the instruction under way. */
  readonly previous_ip: Int32Array
  /** [0] is 1 in a code segment of 32 bits. */
  readonly is_32: Int32Array
  /** CR0, CR1 and so on. */
  readonly cr: Int32Array
  /** [0] is 1 while the processor is halted. */
  readonly in_hlt: Uint8Array
  /** [0] is EFLAGS but for the arithmetic flags, which are kept elsewhere. */
  readonly flags: Int32Array
  /** v86's WebAssembly; see `compileWasm`. */
  readonly wm: { readonly exports: { readonly __stack_pointer?: { value: number } } }
  /** The physical address at a linear one that is mapped. */
  translate_address_system_read(linear: number): number
  /** Whether a physical address is that of a device, or of nothing. */
  in_mapped_range(physical: number): boolean | number
  /** EFLAGS as a whole. */
  get_eflags(): number
  /** Runs the guest for about a millisecond; returns the milliseconds until it wants to be called again. */
  main_loop(): number
  /** Resets processor, keyboard controller and virtio devices, and loads the firmware anew. Memory and the rest stay. */
  reboot_internal(): void
  /** Makes the next turn of the main loop come at once, if it is being waited for. */
  stop_idling(): void
  /** Reads a byte at a physical address, of memory or of a device. */
  read8(address: number): number
  /** Writes a byte at a physical address and drops code compiled from there. */
  write8(address: number, value: number): void
  /** A view of guest memory. */
  read_blob(address: number, length: number): Uint8Array
  /** Copies into guest memory and drops code compiled from there. */
  write_blob(bytes: Uint8Array, address: number): void
  is_memory_zeroed(address: number, length: number): boolean
  /** Views of the interrupt controllers' state. */
  get_state_apic(): Uint8Array
  get_state_ioapic(): Uint8Array
}

/** v86 behind the `V86` object: what takes turns in calling `cpu.main_loop()`. */
export interface V86Core {
  readonly cpu: V86Cpu
  readonly running: boolean
  /** Whether `stop()` was called since the turn under way began. */
  readonly stopping: boolean
  run(): void
  /** Ends the turns; the one under way is finished. */
  stop(): void
  /** Has `yield_callback(tick)` called in so many milliseconds. */
  yield: (milliseconds: number, tick: number) => void
  yield_callback(tick: number): void
}

/**
 * The parts behind a `V86` object.
 *
 * @throws {TypeError} if it is no v86 emulator, or one that is not ready.
 */
export function coreOf(emulator: V86): V86Core {
  const { v86: core } = emulator as unknown as { v86?: Partial<V86Core> }
  if (core?.cpu?.io === undefined) {
    throw new OptionTypeError('emulator', 'expected a v86 emulator that is ready; wait for its event emulator-ready')
  }
  return core as V86Core
}

/** Calls `listener` when the guest halts with interrupts off, an event that v86's declared interface lacks. */
export function listenToHalt(emulator: V86, listener: () => void): void {
  const { add_listener: listen } = emulator as unknown as { add_listener(event: string, listener: () => void): void }
  listen.call(emulator, 'cpu-event-halt', listener)
}
