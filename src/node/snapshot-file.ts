// The file of a snapshot: a line that says what the guest was made from, and the saved guest, compressed.

import { mkdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { readBounded } from './bounded-read.js'
import { replaceWhole } from './whole-file.js'

const MAGIC = 'isa-pvpanic snapshot\n'
const LINE_FEED = 0x0a
const LONGEST_HEADER = 0x10000
const MOST_BYTES = 2 ** 32
/** Most of a guest's memory is zeros: the least effort makes a twentieth of it, and more effort little less. */
const COMPRESSION = { level: 1 }

export interface SnapshotFile {
  /** What it was made from; not checked. */
  readonly header: unknown
  /** The saved guest, whose own checksum is not checked here. */
  readonly guest: Uint8Array
}

/**
 * @returns undefined if there is no such file.
 * @throws {Error} if it is none of a snapshot, is damaged or larger than 4 GiB, or cannot be read.
 */
export async function readSnapshotFile(path: string, signal?: AbortSignal): Promise<SnapshotFile | undefined> {
  let bytes: Buffer
  try {
    bytes = await readBounded(path, { most: MOST_BYTES, signal })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) throw new Error('it is no snapshot of a guest')
  const headerEnd = bytes.subarray(0, LONGEST_HEADER).indexOf(LINE_FEED, MAGIC.length)
  if (headerEnd === -1) throw new Error('its header is cut off')
  try {
    const header: unknown = JSON.parse(bytes.toString('utf8', MAGIC.length, headerEnd))
    const guest = await promisify(gunzip)(bytes.subarray(headerEnd + 1), { maxOutputLength: MOST_BYTES })
    return { header, guest }
  } catch (cause) {
    throw new Error(`it is damaged: ${(cause as Error).message}`, { cause })
  }
}

/** Puts the file in place, whole, with the folders that lead to it. @throws what the file system says. */
export async function writeSnapshotFile(path: string, { header, guest }: SnapshotFile): Promise<void> {
  const compressed = await promisify(gzip)(guest, COMPRESSION)
  await mkdir(dirname(path), { recursive: true })
  await replaceWhole(path, async (file) => {
    await file.appendFile(`${MAGIC}${JSON.stringify(header)}\n`)
    await file.appendFile(compressed)
  })
}

/** The version of an installed package. */
export function versionOf(packageName: string): string {
  const { version } = createRequire(import.meta.url)(`${packageName}/package.json`) as { version: string }
  return version
}
