// The numbers of the multiboot specification, version 0.6.96, section 3: what a kernel and its loader agree on.

/** The header lies whole in the first bytes of the file, at a multiple of four. */
export const MULTIBOOT_SEARCHED = 8192
/** Its first three words, which add up to 0: this magic number, flags, checksum. */
export const MULTIBOOT_HEADER_MAGIC = 0x1badb002
/** Flag: the addresses to load at follow in the header, so that the file needs no format. */
export const MULTIBOOT_HAS_ADDRESSES = 0x10000
/** What EAX holds when the loader has done its work. */
export const MULTIBOOT_LOADER_MAGIC = 0x2badb002
