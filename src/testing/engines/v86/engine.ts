// Guests in v86, in this process: starts at once, runs in browsers too, 32-bit only.

import { arrayBufferOf } from '../../../common/array-buffer.js'
import { pickOptions } from '../../../common/check.js'
import { dumpCore, writeCore } from '../../../core-dump/index.js'
import type { Machine } from '../../../machine/machine.js'
import { ATTACH_OPTIONS, type AttachOptions } from '../../../v86/attach-options.js'
import {
  attach,
  createEmulator,
  destroyEmulator,
  EmulatorFault,
  restoreGuest,
  SavedStateError,
  saveGuest,
} from '../../../v86/index.js'
import { letProcessEnd } from '../../../v86/lifetime.js'
import type { V86, V86Options } from '../../../v86/v86-types.js'
import type { WasmModule } from '../../../v86/wasm-module.js'
import type { EngineListener, GuestEngine } from '../../engine.js'
import { is64BitKernel, type LoadedImages } from '../../guest-images.js'
import { ImageError } from '../../image-error.js'
import { builtinGuest } from '../../rom/builtin-guest.js'
import type { BootFacts, PortSight } from '../../silence.js'
import { watchPort } from './port-sight.js'
import { checkRoom } from './room.js'

/** The device's _HID. */
const DEVICE_ID = 'QEMU0001'

/** What only v86 has. */
export interface V86EngineOptions extends AttachOptions {
  /** v86's `v86.wasm`, as `createEmulator` of isa-pvpanic/v86 takes it. */
  readonly wasm?: WasmModule | URL | string
  /** More options for v86, of its type `V86Options`. */
  readonly v86?: object
}

/**
 * @param saved the guest to start from, in place of a boot.
 * @throws what `createEmulator`, `attach` and `restoreGuest` throw; {ImageError} for images that do not fit into memory. */
export async function startV86Engine(
  images: LoadedImages,
  options: V86EngineOptions,
  saved?: Uint8Array,
): Promise<GuestEngine<Machine>> {
  const { wasm, v86, iobase } = options
  const { bios, vgaBios, memory, multiboot } = images
  const isBuiltin = bios === undefined && multiboot === undefined
  if (images.kernel !== undefined && is64BitKernel(images.kernel)) {
    throw new ImageError(
      "kernel: it is one for 64-bit processors, and v86's has 32 bits; engine 'qemu' (--engine qemu) runs it",
    )
  }
  checkRoom(images)
  const emulator = await createEmulator({
    memory,
    ...(isBuiltin ? { bios: builtinGuest(iobase == null ? {} : { iobase }) } : bios && { bios }),
    ...(vgaBios && { vgaBios }),
    ...(wasm && { wasm }),
    v86: { ...imageOptions(images), ...v86 },
  })
  try {
    const engine = new V86Engine(emulator, images, saved !== undefined, {
      ...pickOptions<AttachOptions>(options, ATTACH_OPTIONS),
      dma: options.dma ?? isBuiltin,
    })
    if (saved !== undefined) await engine.restore(saved)
    return engine
  } catch (error) {
    await destroyEmulator(emulator)
    throw error
  }
}

class V86Engine implements GuestEngine<Machine> {
  readonly machine: Machine
  readonly settled = true
  readonly description = 'v86'
  readonly facts: BootFacts
  readonly sight: PortSight | undefined
  readonly #emulator: V86
  readonly #paused: boolean
  #listener: EngineListener | undefined

  constructor(
    emulator: V86,
    images: LoadedImages,
    isRestored: boolean,
    { onError, onHalt, ...options }: AttachOptions,
  ) {
    this.#emulator = emulator
    this.#paused = options.startPaused === true
    letProcessEnd(emulator)
    this.machine = attach(emulator, {
      ...options,
      onError: (error) => {
        if (error instanceof EmulatorFault) this.#listener?.onFault(error)
        if (onError !== undefined) onError(error)
        else if (!(error instanceof EmulatorFault)) console.error('isa-pvpanic:', error)
      },
      onHalt: () => {
        this.#listener?.onHalt()
        onHalt?.()
      },
    })
    const iobase = this.machine.pvpanics[0]?.iobase ?? null
    // What a restored guest did before is not known.
    this.sight = isRestored ? undefined : watchPort(emulator, iobase)
    this.facts = {
      kernel: images.kernel !== undefined,
      initrd: images.initrd !== undefined,
      append: images.append,
      iobase,
      events: options.events ?? this.machine.qemu.defaultEvents,
      isInAcpi: isInAcpi(images, options),
    }
  }

  start(listener: EngineListener): void {
    this.#listener = listener
    this.machine.on('*', () => listener.onChange())
    this.machine.onEnd(() => listener.onChange())
    this.#emulator.add_listener('serial0-output-byte', (byte) => listener.onText(String.fromCharCode(byte)))
    if (!this.#paused) this.#emulator.run()
  }

  send(text: string): void {
    this.#emulator.serial0_send(text)
  }

  injectNmi(): Promise<void> {
    return Promise.reject(new Error("injectNmi: v86 has no non-maskable interrupts; engine 'qemu' has"))
  }

  save(): Promise<Uint8Array> {
    return saveGuest(this.#emulator, this.machine)
  }

  /** @throws {SavedStateError} for a guest that is another, or of another machine. */
  async restore(bytes: Uint8Array): Promise<void> {
    const [difference] = await restoreGuest(this.#emulator, this.machine, bytes)
    if (difference !== undefined) throw new SavedStateError(`restore: ${difference}`)
    if (this.#paused && this.machine.runState === 'running') this.machine.stop()
  }

  async dumpCore(path: string): Promise<number> {
    return writeCore(path, await dumpCore(this.machine, this.#emulator))
  }

  dispose(): Promise<void> {
    return destroyEmulator(this.#emulator)
  }
}

/** Whether an operating system learns of the device: SeaBIOS has its own tables up to 1.16, fw_cfg may have others. */
function isInAcpi({ bios }: LoadedImages, { fwCfgFiles = [] }: AttachOptions): boolean {
  if (fwCfgFiles.some(({ name }) => name === 'etc/table-loader')) return true
  return bios !== undefined && new TextDecoder('latin1').decode(arrayBufferOf(bios)).includes(DEVICE_ID)
}

/** The images as v86's options name them. Whatever is not a ROM may want ACPI. */
function imageOptions({ kernel, initrd, multiboot, fda, hda, cdrom, append, bios }: LoadedImages): Partial<V86Options> {
  const isSystem = [kernel, multiboot, fda, hda, cdrom].some((image) => image !== undefined)
  return {
    ...(isSystem && bios && { acpi: true }),
    ...(kernel && { bzimage: bufferOf(kernel) }),
    ...(initrd && { initrd: bufferOf(initrd) }),
    ...(multiboot && { multiboot: bufferOf(multiboot) }),
    ...(fda && { fda: bufferOf(fda) }),
    ...(hda && { hda: bufferOf(hda) }),
    ...(cdrom && { cdrom: bufferOf(cdrom) }),
    ...(append !== '' && { cmdline: append }),
  }
}

/** A copy, for v86 writes into its images, and reads them by words. */
function bufferOf(image: Uint8Array): { buffer: ArrayBuffer } {
  return { buffer: arrayBufferOf(image, 4) }
}
