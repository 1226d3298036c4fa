// Puts a core dump on disk: whole or not at all, readable for its owner alone. Needs Node when it is called.

import type { ElfCore } from './elf-core.js'

/** For the owner only: a core dump holds all that the guest had in memory. */
const FILE_MODE = 0o600

export interface WriteCoreOptions {
  /** Told of the bytes written so far and of the bytes of the whole file, after each MiB. */
  readonly onProgress?: (written: number, size: number) => void
  /** Gives up when aborted. */
  readonly signal?: AbortSignal
}

/**
 * Writes a core dump to `path`, replacing what is there. Until it is complete it has another name in the same folder;
 * if anything fails (a full disk, say) nothing is left behind and what was at `path` is still there.
 * @returns the bytes written.
 * @throws what the file system says, and the signal's reason.
 */
export async function writeCore(
  path: string,
  core: ElfCore,
  { onProgress, signal }: WriteCoreOptions = {},
): Promise<number> {
  const { open, rename, rm } = await import('node:fs/promises')
  const { randomUUID } = await import('node:crypto')
  signal?.throwIfAborted()
  const partial = `${path}.${randomUUID()}.partial`
  const file = await open(partial, 'wx', FILE_MODE)
  let written = 0
  try {
    try {
      for (const piece of core.pieces()) {
        signal?.throwIfAborted()
        await file.appendFile(piece)
        written += piece.length
        onProgress?.(written, core.size)
      }
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(partial, path)
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  }
  return written
}

/** Whose core dump it is. */
export interface CoreFileOwner {
  /** The domain's number while it runs. */
  readonly id: number
  readonly name: string
  /** When it was dumped, in local time. Now. */
  readonly date?: Date
}

/**
 * The name that libvirt gives to the dump of a crashed domain: `<id>-<name>-<date>`, the date as
 * `2013-11-04-17:05:09`. A slash in the name, which no file name can hold, becomes `_`.
 */
export function coreFileName({ id, name, date = new Date() }: CoreFileOwner): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-')
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')
  return `${id}-${name.replaceAll(/[/\0]/g, '_')}-${day}-${time}`
}
