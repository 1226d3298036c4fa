// What a guest boots from: files or buffers, read and checked before any emulator sees them.

import { checkInteger } from '../common/check.js'
import { fileErrorOf } from '../common/message-of.js'
import { findFirmware } from './find-firmware.js'
import { ImageError } from './image-error.js'
import { findMultibootHeader, MULTIBOOT_SEARCHED } from './rom/multiboot.js'

/** The path of a file (in Node), or the image itself. */
export type Image = string | Uint8Array

/** What a guest boots from; the built-in guest if none of them is given. */
export interface GuestImages {
  /**
   * Firmware or ROM. Its last byte lies at the top of the first MiB, and again at the top of 4 GiB. Default for
   * `kernel`, `fda`, `hda` and `cdrom`: SeaBIOS as it is installed on the system.
   */
  readonly bios?: Image
  /** VGA BIOS. Default: none. */
  readonly vgaBios?: Image
  /** Linux kernel, a bzImage. */
  readonly kernel?: Image
  /** Initial RAM disk for `kernel`, first module for `multiboot`. */
  readonly initrd?: Image
  /** Command line of `kernel` or `multiboot`. Default: empty. */
  readonly append?: string
  /** Kernel by the multiboot specification: a 32-bit ELF file, or any file whose header holds its addresses. */
  readonly multiboot?: Image
  /** Disk images, raw. The guest writes to a copy. */
  readonly fda?: Image
  readonly hda?: Image
  readonly cdrom?: Image
  /**
   * Guest memory in bytes, 1..2^46; engine 'v86' takes less than 2 GiB. Default: 1 MiB for a ROM, 128 MiB for everything
   * else.
   */
  readonly memory?: number
}

const IMAGES = ['bios', 'vgaBios', 'kernel', 'initrd', 'multiboot', 'fda', 'hda', 'cdrom'] as const
export type ImageName = (typeof IMAGES)[number]

/** Bytes that are read of a file; what an engine takes may be less. */
const MOST_BYTES: Readonly<Record<ImageName, number>> = {
  bios: 2 ** 24,
  vgaBios: 2 ** 20,
  kernel: 2 ** 30,
  initrd: 2 ** 31,
  multiboot: 2 ** 30,
  fda: 2 ** 24,
  hda: 2 ** 32,
  cdrom: 2 ** 32,
}

/** Linux's x86 boot protocol since 2.12: flags, of which the first says that the kernel has a 64-bit entry. */
const XLOADFLAGS_AT = 0x236
const XLF_KERNEL_64 = 1
const XLOADFLAGS_SINCE = 0x20c

/** Images in memory, checked, with everything that has a default. */
export interface LoadedImages extends Readonly<Partial<Record<ImageName, Uint8Array>>> {
  readonly append: string
  readonly memory: number
}

const MEBIBYTE = 0x100000
const MEMORY_FOR_ROM = MEBIBYTE
const MEMORY_FOR_SYSTEM = 128 * MEBIBYTE
const MOST_MEMORY = 2 ** 46
/** Linux's x86 boot protocol: boot sector signature, header magic, protocol version. */
const BOOT_FLAG_AT = 0x1fe
const BOOT_FLAG = 0xaa55
const HEADER_MAGIC_AT = 0x202
const HEADER_MAGIC = 0x53726448
const PROTOCOL_AT = 0x206
/** The first version whose kernel takes a command line anywhere in memory. */
const LEAST_PROTOCOL = 0x202

/**
 * Reads and checks what a guest boots from.
 * @param needsFirmware whether the engine has no firmware of its own.
 * @throws {ImageError} naming the image that cannot be read or is of another kind; {RangeError | TypeError} for memory.
 */
export async function loadImages(
  images: GuestImages,
  needsFirmware: boolean,
  signal?: AbortSignal,
): Promise<LoadedImages> {
  if (images.kernel !== undefined && images.multiboot !== undefined) {
    throw new ImageError('kernel and multiboot: a guest boots one kernel, expected one of them')
  }
  if (images.initrd !== undefined && images.kernel === undefined && images.multiboot === undefined) {
    throw new ImageError('initrd: expected a kernel to give it to')
  }
  const loaded: Partial<Record<ImageName, Uint8Array>> = {}
  for (const name of IMAGES) {
    const image = images[name]
    if (image !== undefined) loaded[name] = await loadImage(name, image, signal)
  }
  if (loaded.kernel !== undefined) checkKernel(loaded.kernel)
  if (loaded.multiboot !== undefined) checkMultiboot(loaded.multiboot)
  const bootsSystem = [loaded.kernel, loaded.fda, loaded.hda, loaded.cdrom].some((image) => image !== undefined)
  if (bootsSystem && needsFirmware) loaded.bios ??= await findFirmware()
  const isRom = !bootsSystem && loaded.multiboot === undefined
  const { append = '', memory = isRom ? MEMORY_FOR_ROM : MEMORY_FOR_SYSTEM } = images
  return { ...loaded, append, memory: checkInteger('memory', memory, 1, MOST_MEMORY) }
}

async function loadImage(name: ImageName, image: Image, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const bytes = typeof image === 'string' ? await readImage(name, image, signal) : image
  if (!(bytes instanceof Uint8Array)) throw new ImageError(`${name}: expected a path or a Uint8Array`)
  if (bytes.length === 0) {
    throw new ImageError(`${name}: ${typeof image === 'string' ? `${image}: ` : ''}the image is empty`)
  }
  return bytes
}

async function readImage(name: ImageName, path: string, signal: AbortSignal | undefined): Promise<Uint8Array> {
  try {
    // Imported here, so that a browser can load this module.
    const { readBounded } = await import('../node/bounded-read.js')
    return await readBounded(path, { most: MOST_BYTES[name], signal })
  } catch (cause) {
    signal?.throwIfAborted()
    throw new ImageError(`${name}: ${path}: ${fileErrorOf(cause)}`, { cause })
  }
}

function checkKernel(image: Uint8Array): void {
  const view = new DataView(image.buffer, image.byteOffset, image.length)
  const isKernel =
    image.length > PROTOCOL_AT + 2 &&
    view.getUint16(BOOT_FLAG_AT, true) === BOOT_FLAG &&
    view.getUint32(HEADER_MAGIC_AT, true) === HEADER_MAGIC &&
    view.getUint16(PROTOCOL_AT, true) >= LEAST_PROTOCOL
  if (!isKernel) throw new ImageError('kernel: expected a Linux bzImage of boot protocol 2.02 or later')
}

/** Whether the kernel is one for 64-bit processors, by its own word. */
export function is64BitKernel(image: Uint8Array): boolean {
  const view = new DataView(image.buffer, image.byteOffset, image.length)
  if (image.length < XLOADFLAGS_AT + 2 || view.getUint16(PROTOCOL_AT, true) < XLOADFLAGS_SINCE) return false
  return (view.getUint16(XLOADFLAGS_AT, true) & XLF_KERNEL_64) !== 0
}

function checkMultiboot(image: Uint8Array): void {
  if (findMultibootHeader(image) !== undefined) return
  throw new ImageError(`multiboot: there is no multiboot header in its first ${MULTIBOOT_SEARCHED} bytes`)
}
