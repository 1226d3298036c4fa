// Puts a file on disk whole or not at all. Needs Node when it is called.

import type { FileHandle } from 'node:fs/promises'
import { atProcessEnd } from './at-process-end.js'

/** For the owner only: a core dump holds all that the guest had in memory. */
const OWNER_ONLY = 0o600

export interface WholeFileOptions {
  /** The new file's mode, which the process's umask narrows. Default: 0o600. */
  readonly mode?: number
}

/**
 * Replaces what is at `path` by what `write` writes. Until that is complete the file has another name in the same
 * folder; if anything fails (a full disk, say) or a signal ends the process, nothing is left behind and what was at
 * `path` is still there. What a killed process left of an earlier attempt is removed. A link stays a link. What is no
 * regular file, such as a pipe or a device, is written to directly.
 * @param write is given the new file, opened, and its name for the time being.
 * @returns what `write` returns.
 * @throws what the file system says, and what `write` throws.
 */
export async function replaceWhole<T>(
  path: string,
  write: (file: FileHandle, partial: string) => Promise<T>,
  { mode = OWNER_ONLY }: WholeFileOptions = {},
): Promise<T> {
  const { open, rename, rm, stat } = await import('node:fs/promises')
  const { constants, rmSync } = await import('node:fs')
  const target = await followLinks(path)
  const found = await stat(target).catch(() => undefined)
  if (found !== undefined && !found.isFile() && !found.isDirectory()) {
    // Without a reader, opening a pipe waits for one: this fails instead.
    const probe = found.isFIFO() ? await open(target, constants.O_WRONLY | constants.O_NONBLOCK) : undefined
    const file = await open(target, 'w')
    await probe?.close()
    return closing(file, () => write(file, target))
  }
  const { prefix, name } = await partialName(target)
  await removeLeftovers(target, prefix)
  const file = await open(name, 'wx', mode)
  const forget = atProcessEnd(() => rmSync(name, { force: true }))
  try {
    const written = await closing(file, async () => {
      const result = await write(file, name)
      await file.sync()
      return result
    })
    await rename(name, target)
    return written
  } catch (error) {
    await rm(name, { force: true })
    throw error
  } finally {
    forget()
  }
}

async function closing<T>(file: FileHandle, use: (file: FileHandle) => Promise<T>): Promise<T> {
  try {
    return await use(file)
  } finally {
    await file.close()
  }
}

/** The file that a symbolic link stands for, whether or not that is there. */
async function followLinks(path: string): Promise<string> {
  const { readlink, realpath } = await import('node:fs/promises')
  const { dirname, resolve } = await import('node:path')
  try {
    return await realpath(path)
  } catch {
    const target = await readlink(path).catch(() => undefined)
    return target === undefined ? path : resolve(dirname(path), target)
  }
}

const PARTIAL = '.partial'

/** `<file>.<host>-<pid>-<random>.partial`: the host, since a folder may be shared between machines or containers. */
async function partialName(target: string): Promise<{ prefix: string; name: string }> {
  const { createHash, randomBytes } = await import('node:crypto')
  const { hostname } = await import('node:os')
  const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 8)
  const prefix = `${target}.${host}-`
  return { prefix, name: `${prefix}${process.pid}-${randomBytes(4).toString('hex')}${PARTIAL}` }
}

/** Removes partial files of processes of this host that were killed. */
async function removeLeftovers(target: string, prefix: string): Promise<void> {
  const { readdir, rm, stat } = await import('node:fs/promises')
  const { basename, dirname, join } = await import('node:path')
  const begins = basename(prefix)
  for (const name of await readdir(dirname(target)).catch(() => [])) {
    if (!name.startsWith(begins) || !name.endsWith(PARTIAL)) continue
    const leftover = join(dirname(target), name)
    const pid = Number(name.slice(begins.length).split('-')[0])
    const found = await stat(leftover).catch(() => undefined)
    if (found !== undefined && isLeftover(pid, found.mtimeMs)) await rm(leftover, { force: true })
  }
}

/** A process id may be used again: a file with ours that is older than we are was another's. */
function isLeftover(pid: number, writtenAt: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false
  if (pid === process.pid) return writtenAt < Date.now() - 1000 * process.uptime()
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH'
  }
}
