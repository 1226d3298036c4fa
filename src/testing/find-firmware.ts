// Finds SeaBIOS on the system, for guests that need a PC's firmware and were given none.

import { ImageError } from './image-error.js'

/** Where distributions put the image of 128 KiB, which is built for emulated PCs of every kind. */
const PLACES = [
  '/usr/share/seabios/bios.bin',
  '/usr/share/qemu/bios.bin',
  '/usr/local/share/qemu/bios.bin',
  '/opt/homebrew/share/qemu/bios.bin',
]

/** @throws {ImageError} that says how to install it, or to give an image. */
export async function findFirmware(places: readonly string[] = PLACES): Promise<Uint8Array> {
  // Imported here, so that a browser can load this module.
  const files = await import('node:fs/promises').catch(() => undefined)
  for (const place of places) {
    if (files === undefined) break
    try {
      return await files.readFile(place)
    } catch {
      // The next place may have it.
    }
  }
  const searched = files === undefined ? '' : `; there is none at ${places.join(', ')}`
  throw new ImageError(
    `bios: this guest needs a PC's firmware, such as SeaBIOS${searched}. ` +
      'On Debian: apt-get install seabios. Or give an image as bios (--bios FILE).',
  )
}
