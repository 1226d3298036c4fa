// What a PC's reset brings back and v86's own does not: the images loaded into memory, and the interrupt controllers.

import type { V86Cpu } from './v86-internals.js'

const PAGE_SIZE = 0x1000
/** v86's own reset loads the firmware anew, which is all there is from here on in the first MiB. */
const FIRMWARE_BEGIN = 0xc0000
const FIRMWARE_END = 0x100000
/** A read of 32 bits here makes v86 load the multiboot image; it returns what EAX must hold then. */
export const MULTIBOOT_LOADER = 0xf4

interface MemoryRange {
  readonly address: number
  readonly bytes: Uint8Array
}

/**
 * A guest in its state before its first instruction, as far as v86's own reset does not come back to it. A kernel that
 * v86 put into memory has been overwritten by then: a boot without it ends in v86 failing, and with it the process.
 */
export class PowerOnState {
  readonly #cpu: V86Cpu
  readonly #images: readonly MemoryRange[]
  readonly #apic: Uint8Array
  readonly #ioapic: Uint8Array
  /** v86's loader of a multiboot image, which needs no firmware. */
  readonly #loadMultiboot: (() => number) | undefined

  /** To be made before the guest's first instruction, and before any device is put on port 0xf4. */
  constructor(cpu: V86Cpu) {
    this.#cpu = cpu
    const hasKernel = cpu.option_roms.some(({ name }) => name === 'genroms/kernel.bin')
    this.#images = hasKernel ? copyUsedMemory(cpu) : []
    this.#apic = cpu.get_state_apic().slice()
    this.#ioapic = cpu.get_state_ioapic().slice()
    if (cpu.bios.main === undefined) this.#loadMultiboot = multibootLoader(cpu)
  }

  /** To be called right after v86's own reset. */
  restore(): void {
    this.#cpu.get_state_apic().set(this.#apic)
    this.#cpu.get_state_ioapic().set(this.#ioapic)
    for (const { address, bytes } of this.#images) this.#cpu.write_blob(bytes, address)
    if (this.#loadMultiboot !== undefined) this.#cpu.reg32[0] = this.#loadMultiboot()
  }
}

/** v86's handler of that port, if it has a multiboot image. */
export function multibootLoader({ io }: V86Cpu): (() => number) | undefined {
  const port = io.ports[MULTIBOOT_LOADER]
  if (port?.device === undefined) return undefined
  const { read32, device } = port
  return () => read32.call(device)
}

/** The memory that is not zero, but for the firmware. */
function copyUsedMemory(cpu: V86Cpu): MemoryRange[] {
  const ranges: MemoryRange[] = []
  const end = cpu.memory_size[0] ?? 0
  let begin: number | undefined
  for (let page = 0; page <= end; page += PAGE_SIZE) {
    const isFirmware = FIRMWARE_BEGIN <= page && page < FIRMWARE_END
    const used = page < end && !isFirmware && !cpu.is_memory_zeroed(page, PAGE_SIZE)
    if (used) begin ??= page
    else if (begin !== undefined) {
      ranges.push({ address: begin, bytes: cpu.read_blob(begin, page - begin).slice() })
      begin = undefined
    }
  }
  return ranges
}
