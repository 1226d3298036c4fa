// Boots a guest with a pvpanic device in the engine that is asked for.

import { checkInteger, checkKnownOptions, checkOneOf, type OptionNames, OptionTypeError } from '../common/check.js'
import type { Machine } from '../machine/machine.js'
import { ATTACH_OPTIONS } from '../v86/attach-options.js'
import type { GuestEngine, GuestMachine } from './engine.js'
import type { QemuEngineOptions } from './engines/qemu/engine.js'
import { startV86Engine, type V86EngineOptions } from './engines/v86/engine.js'
import { Guest, type GuestOptions } from './guest.js'
import { type GuestImages, type LoadedImages, loadImages } from './guest-images.js'
import { originOf, type SnapshotOptions, savedGuestIn, snapshotOf } from './snapshot.js'
import { LONGEST_TIMER_MS } from './waiters.js'

export type { Guest } from './guest.js'

/** 'v86': in this process, 32-bit only. 'qemu': an installed qemu-system-x86_64. */
export const ENGINES = ['v86', 'qemu'] as const
/** The name of an engine. */
export type EngineName = (typeof ENGINES)[number]

/** How to boot a guest in either engine. */
export interface BootOptions extends GuestImages, GuestOptions, V86EngineOptions, QemuEngineOptions {
  /** Default: 'v86'. */
  readonly engine?: EngineName
  /**
   * Boots to a line of the guest's serial output once, and starts from there later. Whatever it was made from (images,
   * options, versions of this package and of v86) makes it anew if it changes. `serial` and `panics` begin at the line.
   * Engine 'v86' only.
   */
  readonly snapshot?: SnapshotOptions
  /**
   * Starts from a saved guest: what `guest.save()` gave, or the file of a `snapshot`, made with the same images and options. To
   * be trusted as the images are. Engine 'v86' only.
   */
  readonly restore?: Uint8Array | string
}

/** The name of every option. */
const BOOT_OPTIONS: OptionNames<BootOptions> = {
  ...ATTACH_OPTIONS,
  engine: true,
  signal: true,
  timeoutMs: true,
  bios: true,
  vgaBios: true,
  kernel: true,
  initrd: true,
  append: true,
  multiboot: true,
  fda: true,
  hda: true,
  cdrom: true,
  memory: true,
  wasm: true,
  v86: true,
  qemuProgram: true,
  qemuArguments: true,
  accelerator: true,
  device: true,
  snapshot: true,
  restore: true,
}

/** Options that would silently mean nothing in the other engine. */
const ONLY_V86 = [
  'qemu',
  'secondIobase',
  'clock',
  'dma',
  'fwCfgFiles',
  'onError',
  'turnLimitMs',
  'wasm',
  'v86',
  'snapshot',
  'restore',
] as const
const ONLY_QEMU = ['qemuProgram', 'qemuArguments', 'accelerator', 'device'] as const

/**
 * Boots a guest from its images; without any, the built-in guest, which also gets the machine's DMA controllers. The
 * guest takes its first turn after whoever awaits this has had one, unless `startPaused` holds it. Dispose of it, by `await using` or
 * by the fixture of isa-pvpanic/vitest.
 * @throws {ImageError} for an image that cannot be booted, {OptionTypeError} for an unknown option or one of the
 *   other engine, {QemuError} if
 *   QEMU does not start, and what `createEmulator`, `attach` and `new Machine` throw.
 */
export function bootGuest(options?: BootOptions & { readonly engine?: 'v86' }): Promise<Guest<Machine>>
export function bootGuest(options: BootOptions): Promise<Guest>
export async function bootGuest(options: BootOptions = {}): Promise<Guest> {
  checkKnownOptions(options, BOOT_OPTIONS)
  const { engine: name = 'v86', signal, timeoutMs } = options
  checkOneOf('engine', name, ENGINES)
  const foreign = (name === 'v86' ? ONLY_QEMU : ONLY_V86).find((option) => Object.hasOwn(options, option))
  if (foreign !== undefined) throw new OptionTypeError(foreign, `engine '${name}' has no such option`)
  if (typeof timeoutMs === 'number') checkInteger('timeoutMs', timeoutMs, 1, LONGEST_TIMER_MS)
  signal?.throwIfAborted()
  const images = await loadImages(options, name === 'v86', signal)
  const engine: GuestEngine<GuestMachine> =
    name === 'v86' ? await startV86(images, options) : await startQemu(images, options)
  if (signal?.aborted === true) {
    await engine.dispose()
    signal.throwIfAborted()
  }
  return new Guest(engine, options)
}

async function startV86(images: LoadedImages, options: BootOptions): Promise<GuestEngine<Machine>> {
  const { restore, snapshot, signal } = options
  if (restore === undefined && snapshot === undefined) return startV86Engine(images, options)
  if (restore !== undefined && snapshot !== undefined) {
    throw new OptionTypeError(
      'restore',
      'a guest that is restored takes no snapshot; expected one of restore, snapshot',
    )
  }
  const origin = () => originOf(images, options)
  const saved =
    snapshot === undefined
      ? await savedGuestIn(restore ?? '', origin, signal)
      : await snapshotOf(snapshot, await origin(), (at, timeoutMs) => bootTo(at, timeoutMs, images, options))
  return startV86Engine(images, options, saved)
}

/** Boots a guest to the text, and saves it there. */
async function bootTo(at: RegExp | string, timeoutMs: number, images: LoadedImages, options: BootOptions) {
  const guest = new Guest(await startV86Engine(images, { ...options, startPaused: false }), options)
  try {
    await guest.serial.waitFor(at, { timeoutMs })
    return await guest.save()
  } finally {
    await guest.dispose()
  }
}

async function startQemu(...args: Parameters<typeof import('./engines/qemu/engine.js').startQemuEngine>) {
  // Imported here, so that a browser can load this module.
  const { startQemuEngine } = await import('./engines/qemu/engine.js')
  return startQemuEngine(...args)
}
