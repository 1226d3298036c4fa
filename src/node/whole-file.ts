// Puts a file on disk whole or not at all, readable for its owner alone. Needs Node when it is called.

import type { FileHandle } from 'node:fs/promises'

/** For the owner only: a core dump holds all that the guest had in memory. */
const FILE_MODE = 0o600

/**
 * Replaces what is at `path` by what `write` writes. Until that is complete the file has another name in the same
 * folder; if anything fails (a full disk, say) nothing is left behind and what was at `path` is still there.
 * @param write is given the new file, opened, and its name for the time being.
 * @returns what `write` returns.
 * @throws what the file system says, and what `write` throws.
 */
export async function replaceWhole<T>(
  path: string,
  write: (file: FileHandle, partial: string) => Promise<T>,
): Promise<T> {
  const { open, rename, rm } = await import('node:fs/promises')
  const { randomUUID } = await import('node:crypto')
  const partial = `${path}.${randomUUID()}.partial`
  const file = await open(partial, 'wx', FILE_MODE)
  try {
    let written: T
    try {
      written = await write(file, partial)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(partial, path)
    return written
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  }
}
