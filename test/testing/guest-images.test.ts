// What a guest boots from: read, checked, and given its defaults.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { findFirmware } from '../../src/testing/find-firmware.js'
import { type GuestImages, loadImages } from '../../src/testing/guest-images.js'
import { bootGuest, ImageError, testKernel } from '../../src/testing/index.js'

const MEBIBYTE = 0x100000
const PAGE = 0x1000
const folder = mkdtempSync(join(tmpdir(), 'isa-pvpanic-images-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const path = join(folder, 'firmware.bin')
writeFileSync(path, Uint8Array.of(1, 2, 3))

/** The least that Linux's x86 boot protocol asks of a kernel's header, with one setup sector. */
function kernelImage({ size = 2048, protocol = 0x020f, loadFlags = 0 } = {}): Uint8Array {
  const image = new Uint8Array(size)
  const view = new DataView(image.buffer)
  view.setUint8(0x1f1, 1)
  view.setUint16(0x1fe, 0xaa55, true)
  view.setUint32(0x202, 0x53726448, true)
  view.setUint16(0x206, protocol, true)
  view.setUint16(0x236, loadFlags, true)
  return image
}
const bios = Uint8Array.of(0xf4)

/** A 32-bit ELF file with one segment of a page: a multiboot header, and a program that halts. */
function elfKernel({ address = MEBIBYTE } = {}): Uint8Array<ArrayBuffer> {
  const [headerSize, segment] = [52, 84]
  const code = Uint8Array.of(0xfa, 0xf4)
  const image = new Uint8Array(segment + PAGE)
  const view = new DataView(image.buffer)
  const words = (at: number, ...values: number[]) => {
    for (const [i, value] of values.entries()) view.setUint32(at + 4 * i, value, true)
  }
  words(0, 0x464c457f, 0x00010101, 0, 0, 0x00030002, 1, address + 12, headerSize, 0, 0)
  words(40, 52 | (32 << 16), 1 | (40 << 16), 0)
  words(headerSize, 1, segment, address, address, PAGE, PAGE, 5, PAGE)
  words(segment, 0x1badb002, 0, -0x1badb002)
  image.set(code, segment + 12)
  return image
}

describe('images', () => {
  it('are read from files and taken from buffers', async () => {
    const images = await loadImages({ bios: path, kernel: kernelImage() }, true)
    expect([...(images.bios ?? [])]).toEqual([1, 2, 3])
    expect(images.kernel).toHaveLength(2048)
  })

  it.each<[string, GuestImages, number]>([
    ['a ROM', { bios }, MEBIBYTE],
    ['the built-in guest', {}, MEBIBYTE],
    ['a kernel', { bios, kernel: kernelImage() }, 128 * MEBIBYTE],
    ['a multiboot kernel', { multiboot: testKernel() }, 128 * MEBIBYTE],
    ['a disk', { bios, hda: bios }, 128 * MEBIBYTE],
    ['what was asked for', { bios, memory: 3 * MEBIBYTE }, 3 * MEBIBYTE],
  ])('come with memory as %s needs it', async (_, images, memory) => {
    expect((await loadImages(images, true)).memory).toBe(memory)
  })

  it('of an engine with firmware of its own get none', async () => {
    expect((await loadImages({ kernel: kernelImage() }, false)).bios).toBeUndefined()
  })
})

describe('refused is', () => {
  it.each<[string, GuestImages, RegExp]>([
    [
      'a file that is not there',
      { bios: join(folder, 'absent') },
      /^bios: .*absent: ENOENT: no such file or directory$/,
    ],
    ['a folder', { fda: folder }, /^fda: .*: EISDIR/],
    ['an empty image', { hda: new Uint8Array(), bios }, /^hda: the image is empty/],
    ['a kernel that is none', { kernel: new Uint8Array(4096), bios }, /^kernel: expected a Linux bzImage/],
    ['a kernel of an old protocol', { kernel: kernelImage({ protocol: 0x0201 }), bios }, /^kernel: expected a Linux/],
    ['a kernel that is cut off', { kernel: kernelImage().slice(0, 0x203), bios }, /^kernel: expected a Linux/],
    [
      'a multiboot kernel without a header',
      { multiboot: new Uint8Array(9000) },
      /^multiboot: there is no multiboot header/,
    ],
    ['a multiboot header with a wrong checksum', { multiboot: testKernel().fill(0, 8, 9) }, /^multiboot: there is no/],
    ['a second kernel', { kernel: kernelImage(), multiboot: testKernel() }, /^kernel and multiboot: /],
    ['an initial RAM disk without a kernel', { initrd: bios }, /^initrd: expected a kernel/],
    ['no memory', { memory: 0 }, /^memory: expected an integer/],
    ['half a byte of memory', { memory: 1.5 }, /^memory: expected an integer/],
  ])('%s', async (_, images, message) => {
    await expect(loadImages(images, true)).rejects.toThrow(message)
  })

  it('something that is no image', async () => {
    const bios = 5 as unknown as Uint8Array
    await expect(loadImages({ bios }, true)).rejects.toThrow('bios: expected a path or a Uint8Array')
  })

  it.each<[string, GuestImages, RegExp]>([
    [
      'a 64-bit kernel',
      { kernel: kernelImage({ loadFlags: 0x3f }), bios },
      /^kernel: it is one for 64-bit processors, and v86's has 32 bits; engine 'qemu' \(--engine qemu\) runs it$/,
    ],
    [
      'a kernel larger than memory',
      { kernel: kernelImage(), memory: MEBIBYTE, bios },
      /^kernel: it takes 1 KiB from address 0x100000/,
    ],
    [
      'an initial RAM disk above memory',
      { kernel: kernelImage(), initrd: bios, memory: 64 * MEBIBYTE, bios },
      /^initrd: it takes 1 byte from address 0x4000000, and memory has 64 MiB$/,
    ],
    [
      'a multiboot kernel above memory',
      { multiboot: testKernel(), memory: MEBIBYTE },
      /^multiboot: it takes \d+ bytes from address 0x100000, and memory has 1 MiB$/,
    ],
    ['a multiboot kernel in hardly any memory', { multiboot: testKernel(), memory: 128 }, /memory has 1 MiB$/],
    [
      'a module behind the end of memory',
      { multiboot: testKernel(), initrd: new Uint8Array(MEBIBYTE), memory: 2 * MEBIBYTE },
      /^initrd: it takes 1 MiB from address 0x101000, and memory has 2 MiB$/,
    ],
    [
      'a 32-bit ELF kernel above memory',
      { multiboot: elfKernel({ address: 2 * MEBIBYTE }), memory: MEBIBYTE },
      /^multib/,
    ],
    [
      'a 32-bit ELF kernel up to the last byte of memory, which v86 leaves out',
      { multiboot: elfKernel({ address: 2 * MEBIBYTE - PAGE }), memory: 2 * MEBIBYTE },
      /^multiboot: it takes 4097 bytes from address 0x1ff000/,
    ],
    [
      'a kernel that is cut off',
      { multiboot: elfKernel().subarray(0, 120) },
      /^multiboot: it is to be loaded from its/,
    ],
    ['a 64-bit ELF kernel', { multiboot: elfKernel().fill(2, 4, 5) }, /^multiboot: expected a 32-bit ELF file/],
    ['a multiboot kernel of no format', { multiboot: elfKernel().fill(0, 0, 4) }, /^multiboot: expected a 32-bit ELF/],
  ])('%s, in v86', async (_, images, message) => {
    await expect(bootGuest(images)).rejects.toThrow(message)
    await expect(bootGuest(images)).rejects.toThrow(ImageError)
  })

  it('a 32-bit ELF kernel that fits is started in v86', async () => {
    const guest = await bootGuest({ multiboot: elfKernel(), memory: 2 * MEBIBYTE })
    expect(await guest.ended()).toEqual({ reason: 'halted' })
    await guest.dispose()
  })
})

describe('firmware', () => {
  it('is the first that is found', async () => {
    expect(await findFirmware([join(folder, 'absent'), path])).toHaveLength(3)
  })

  it('that is nowhere: the message says where it was looked for, and how to install it', async () => {
    const missing = findFirmware([join(folder, 'a'), join(folder, 'b')])
    await expect(missing).rejects.toThrow(ImageError)
    await expect(missing).rejects.toThrow(
      /^bios: .*\/a, .*\/b\. On Debian: apt-get install seabios\. Or give an image as bios/,
    )
  })
})
