// Finds SeaBIOS on the system, for guests that need a PC's firmware and were given none.

import { ImageError } from './image-error.js'

/** Where distributions put the image of 128 KiB, which is built for emulated PCs of every kind. */
const PLACES = [
  '/usr/share/seabios/bios.bin',
  '/usr/share/qemu/bios.bin',
  '/usr/local/share/qemu/bios.bin',
  '/opt/homebrew/share/qemu/bios.bin',
]

/** What a firmware image may have. */
const MOST_BYTES = 0x1000000

/** @throws {ImageError} that says how to install it, or to give an image. */
export async function findFirmware(places: readonly string[] = PLACES): Promise<Uint8Array> {
  for (const place of places) {
    try {
      const { readBounded } = await import('../node/bounded-read.js')
      return await readBounded(place, { most: MOST_BYTES })
    } catch {
      // The next place may have it; a browser has none.
    }
  }
  throw new ImageError(
    `bios: this guest needs a PC's firmware, such as SeaBIOS; there is none at ${places.join(', ')}. ` +
      'On Debian: apt-get install seabios. Or give an image as bios (--bios FILE).',
  )
}
