// Whether images fit where v86 puts them: on those that do not it fails out of its caller's sight, or leaves them out.

import { hex } from '../../../common/hex.js'
import { showSize } from '../../../common/size.js'
import type { LoadedImages } from '../../guest-images.js'
import { ImageError } from '../../image-error.js'
import { findMultibootHeader, MULTIBOOT_HAS_ADDRESSES } from '../../rom/multiboot.js'

/** Where v86 puts a Linux kernel and its initial RAM disk. */
const KERNEL_ADDRESS = 0x100000
const INITRD_ADDRESS = 0x4000000
const SECTOR = 512
/** Setup sectors of a kernel, by Linux's x86 boot protocol; 0 means 4. */
const SETUP_SECTORS_AT = 0x1f1
const LEAST_DEFAULT_SECTORS = 4
/** v86 rounds memory up. */
const LEAST_MEMORY = 0x100000
const MEMORY_UNIT = 0x20000
/** A multiboot module begins at a page. */
const PAGE = 0x1000
/** Of an ELF file's header: its magic number with the class for 32 bits, and where its program headers are. */
const ELF_MAGIC = 0x7f454c46
const ELF_CLASS_AT = 4
const ELF_CLASS_32 = 1
const ELF_HEADER_SIZE = 52
const ELF_PROGRAM_HEADERS_AT = 28
const ELF_PROGRAM_HEADER_COUNT_AT = 44
const ELF_PROGRAM_HEADER_SIZE = 32
const ELF_LOAD = 1

/** Part of a file, and where it goes. */
interface Segment {
  readonly offset: number
  readonly size: number
  readonly address: number
  /** The end of what it takes in memory, cleared bytes behind it included. */
  readonly end: number
  /** Bytes of memory that v86 wants behind that: it leaves out an ELF segment whose end is that of memory. */
  readonly spare: 0 | 1
}

/** @throws {ImageError} for an image that v86 cannot load into a memory of this size. */
export function checkRoom({ kernel, initrd, multiboot, memory: asked }: LoadedImages): void {
  const memory = Math.max(LEAST_MEMORY, Math.ceil(asked / MEMORY_UNIT) * MEMORY_UNIT)
  const check = (name: string, address: number, size: number) => {
    if (address + size <= memory) return
    throw new ImageError(
      `${name}: it takes ${showSize(size)} from address ${hex(address)}, and memory has ${showSize(memory)}`,
    )
  }
  if (kernel !== undefined) {
    const sectors = kernel[SETUP_SECTORS_AT] || LEAST_DEFAULT_SECTORS
    check('kernel', KERNEL_ADDRESS, kernel.length - SECTOR * (sectors + 1))
    if (initrd !== undefined) check('initrd', INITRD_ADDRESS, initrd.length)
  }
  if (multiboot !== undefined) {
    const segments = segmentsOf(multiboot)
    for (const { address, end, spare } of segments) check('multiboot', address, end - address + spare)
    const kernelEnd = Math.max(0, ...segments.map(({ end }) => end))
    if (initrd !== undefined) check('initrd', Math.ceil(kernelEnd / PAGE) * PAGE, initrd.length)
  }
}

/** What is loaded of a multiboot kernel. */
function segmentsOf(image: Uint8Array): readonly Segment[] {
  const view = new DataView(image.buffer, image.byteOffset, image.length)
  const header = findMultibootHeader(image) ?? 0
  // v86 gets it in whole words.
  const length = Math.ceil(image.length / 4) * 4
  const hasAddresses = (view.getUint32(header + 4, true) & MULTIBOOT_HAS_ADDRESSES) !== 0
  const segments = hasAddresses ? [addressedSegment(view, header, length)] : elfSegments(view)
  for (const { offset, size } of segments) {
    if (offset >= 0 && size >= 0 && offset + size <= length) continue
    throw new ImageError(
      `multiboot: it is to be loaded from its bytes ${offset} to ${offset + size}, and has ${length} bytes`,
    )
  }
  return segments
}

/** By the addresses in the multiboot header; an end of 0 means that of the file. */
function addressedSegment(view: DataView, header: number, length: number): Segment {
  if (header + 32 > view.byteLength) throw new ImageError('multiboot: its header is cut off before its addresses end')
  const [headerAddress = 0, address = 0, loadEnd = 0, bssEnd = 0] = [12, 16, 20, 24].map((at) =>
    view.getUint32(header + at, true),
  )
  const offset = header - (headerAddress - address)
  const size = loadEnd === 0 ? length - offset : loadEnd - address
  return { offset, size, address, end: Math.max(address + size, bssEnd), spare: 0 }
}

function elfSegments(view: DataView): readonly Segment[] {
  const isElf = view.byteLength >= ELF_HEADER_SIZE && view.getUint32(0) === ELF_MAGIC
  if (!isElf || view.getUint8(ELF_CLASS_AT) !== ELF_CLASS_32) {
    throw new ImageError('multiboot: expected a 32-bit ELF file, or addresses in the multiboot header')
  }
  const table = view.getUint32(ELF_PROGRAM_HEADERS_AT, true)
  const count = view.getUint16(ELF_PROGRAM_HEADER_COUNT_AT, true)
  if (table + count * ELF_PROGRAM_HEADER_SIZE > view.byteLength) {
    throw new ImageError('multiboot: the ELF file is cut off before its program headers end')
  }
  const segments: Segment[] = []
  for (let at = table; at < table + count * ELF_PROGRAM_HEADER_SIZE; at += ELF_PROGRAM_HEADER_SIZE) {
    const [type, offset = 0, , address = 0, size = 0, memorySize = 0] = [0, 4, 8, 12, 16, 20].map((field) =>
      view.getUint32(at + field, true),
    )
    const taken = Math.max(size, memorySize)
    if (type === ELF_LOAD && taken > 0) segments.push({ offset, size, address, end: address + taken, spare: 1 })
  }
  return segments
}
