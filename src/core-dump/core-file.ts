// Puts a core dump on disk.

import type { ElfCore } from './elf-core.js'

/** Who follows the writing of a core dump, and who ends it. */
export interface WriteCoreOptions {
  /** Told of the bytes written so far and of the bytes of the whole file, after each MiB. */
  readonly onProgress?: (written: number, size: number) => void
  /** Gives up when aborted. */
  readonly signal?: AbortSignal
}

/**
 * Writes a core dump to `path`, replacing what is there, for its owner alone. Until it is complete it has another name
 * in the same folder; if anything fails (a full disk, say) nothing is left behind and what was at `path` is still there.
 * Node only.
 * @returns the bytes written.
 * @throws what the file system says, and the signal's reason.
 */
export async function writeCore(
  path: string,
  core: ElfCore,
  { onProgress, signal }: WriteCoreOptions = {},
): Promise<number> {
  const { replaceWhole } = await import('../node/whole-file.js')
  return replaceWhole(path, async (file) => {
    let written = 0
    for (const piece of core.pieces()) {
      signal?.throwIfAborted()
      await file.appendFile(piece)
      written += piece.length
      onProgress?.(written, core.size)
    }
    return written
  })
}
