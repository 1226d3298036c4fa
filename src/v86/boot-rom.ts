// Makes v86 emulators for ROM images, quickly and many of them, and takes them down without delay.

import { arrayBufferOf } from '../common/array-buffer.js'
import { checkInteger, OptionRangeError } from '../common/check.js'
import { showSize } from '../common/size.js'
import { hearLastWords } from './last-words.js'
import { loadWasm } from './load-wasm.js'
import { coreOf } from './v86-internals.js'
import type { V86, V86Options } from './v86-types.js'
import type { WasmModule } from './wasm-module.js'

const MEBIBYTE = 0x100000
/** A 32-bit WebAssembly memory holds no more, as v86 lays it out. */
const LARGEST_MEMORY = 0x80000000 - 0x20000
/** The reset vector alone. */
const SMALLEST_BIOS = 16
/** From 0xc0000 to where the firmware begins. */
const LARGEST_VGA_BIOS = 0x20000
/** v86 allots it in any case; text modes and ROM guests need no more. */
const SMALL_VGA_MEMORY = 0x40000

type WasmFunction = NonNullable<V86Options['wasm_fn']>
/** What is used of JavaScript's WebAssembly object, which Node's types do not declare. */
interface WasmApi {
  instantiate(
    module: WasmModule,
    imports: Parameters<WasmFunction>[0],
  ): Promise<{ exports: Awaited<ReturnType<WasmFunction>> }>
}
const wasmApi = (globalThis as unknown as { WebAssembly: WasmApi }).WebAssembly

/** What an emulator starts from. */
export interface EmulatorOptions {
  /**
   * Firmware image, 16 bytes to 1 MiB. Its last byte lies at the top of the first MiB, and again at the top of 4 GiB.
   * Without one v86 starts a multiboot image (`v86.multiboot`) by itself.
   */
  readonly bios?: Uint8Array
  /** Image of the VGA BIOS, at 0xc0000, up to 128 KiB. Default: none. */
  readonly vgaBios?: Uint8Array
  /**
   * Guest memory in bytes, 1..0x7ffe0000; v86 rounds up to a multiple of 128 KiB, and to 1 MiB at least.
   * Default: 1 MiB.
   */
  readonly memory?: number
  /**
   * v86's `v86.wasm`: its address, or what `compileWasm()` makes of it. Default: in Node the file of the installed package
   * v86; in browsers `v86.wasm` beside the page, or beside a worker's script. Each address is compiled once.
   */
  readonly wasm?: WasmModule | URL | string
  /** More options for v86. */
  readonly v86?: Partial<V86Options>
}

/**
 * An emulator that is ready and not running: attach a machine, then `run()` it. No keyboard, mouse, sound or screen.
 *
 * @throws {RangeError | TypeError} for an image or a memory size that v86 cannot take.
 * @throws {Error} if v86 is not installed.
 */
export async function createEmulator(options: EmulatorOptions): Promise<V86> {
  const { bios, vgaBios, memory = MEBIBYTE, v86: more } = options
  checkInteger('memory', memory, 1, LARGEST_MEMORY)
  // v86 would fail on these out of the caller's sight.
  if (bios !== undefined || more?.multiboot === undefined) {
    checkSize('bios', bios, SMALLEST_BIOS, MEBIBYTE)
  }
  if (vgaBios !== undefined) checkSize('vgaBios', vgaBios, 0, LARGEST_VGA_BIOS)
  const { V86: Emulator } = await import('v86').catch((cause) => {
    throw new Error('v86 cannot be loaded; it is installed by: npm install v86', { cause })
  })
  const wasm = await loadWasm(options.wasm)
  return new Promise((resolve, reject) => {
    const emulator = new Emulator({
      wasm_fn: async (imports) => {
        const words = hearLastWords(imports)
        try {
          const { exports } = await wasmApi.instantiate(wasm, imports)
          words.speakerIs(exports)
          return exports
        } catch (error) {
          reject(error)
          throw error
        }
      },
      memory_size: memory,
      vga_memory_size: SMALL_VGA_MEMORY,
      ...(bios && { bios: { buffer: arrayBufferOf(bios) } }),
      ...(vgaBios && { vga_bios: { buffer: arrayBufferOf(vgaBios) } }),
      autostart: false,
      disable_keyboard: true,
      disable_mouse: true,
      disable_speaker: true,
      ...more,
    })
    emulator.add_listener('emulator-loaded', () => resolve(emulator))
  })
}

/**
 * Takes an emulator down: it runs no more, and nothing of it keeps the process alive. v86's own `destroy()` waits up to
 * 100 ms for a guest that has halted.
 * @throws {TypeError} if it is not ready.
 */
export async function destroyEmulator(emulator: V86): Promise<void> {
  const destroyed = emulator.destroy()
  coreOf(emulator).cpu.stop_idling()
  await destroyed
}

/** @throws {OptionRangeError} naming the image, and how large it may be. */
function checkSize(name: string, image: Uint8Array | undefined, least: number, most: number): void {
  const size = image?.length ?? 0
  if (size >= least && size <= most) return
  throw new OptionRangeError(name, `expected an image of ${least} bytes to ${showSize(most)}, got ${showSize(size)}`)
}
