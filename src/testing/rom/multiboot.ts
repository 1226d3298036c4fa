// The multiboot specification, version 0.6.96, section 3: what a kernel and its loader agree on.

/** The header lies whole in the first bytes of the file, at a multiple of four. */
export const MULTIBOOT_SEARCHED = 8192
/** Its first three words, which add up to 0: this magic number, flags, checksum. */
export const MULTIBOOT_HEADER_MAGIC = 0x1badb002
/** Flag: the addresses to load at follow in the header, so that the file needs no format. */
export const MULTIBOOT_HAS_ADDRESSES = 0x10000
/** What EAX holds when the loader has done its work. */
export const MULTIBOOT_LOADER_MAGIC = 0x2badb002

/** Bytes of a header without addresses: magic number, flags, checksum. */
const HEADER_SIZE = 12

/** Where in an image its multiboot header begins; undefined if it has none. */
export function findMultibootHeader(image: Uint8Array): number | undefined {
  const view = new DataView(image.buffer, image.byteOffset, image.length)
  for (let at = 0; at + HEADER_SIZE <= Math.min(image.length, MULTIBOOT_SEARCHED); at += 4) {
    const [magic, flags = 0, checksum = 0] = [0, 4, 8].map((offset) => view.getUint32(at + offset, true))
    if (magic === MULTIBOOT_HEADER_MAGIC && ((magic + flags + checksum) & 0xffffffff) === 0) return at
  }
  return undefined
}
