// Puts a core dump on disk: whole or not at all, readable for its owner alone. Needs Node when it is called.

import type { ElfCore } from './elf-core.js'

export { coreFileName } from './core-file-name.js'

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
