// What is on the recorded floppy disk: bytes that tell where they stand.

export const SECTOR_BYTES = 512

/** The byte at `index` of the disk; no two sectors are alike, nor the two halves of one. */
export function floppyByte(index: number): number {
  return (index * 7 + (index >> 8) * 13) & 0xff
}
