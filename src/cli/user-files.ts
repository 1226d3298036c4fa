// Files that the user names: opened and written, with a usage error where that cannot be done.

import { accessSync, constants, openSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileErrorOf } from '../common/message-of.js'
import { readBounded } from '../node/bounded-read.js'
import { replaceWhole } from '../node/whole-file.js'
import { UsageError } from './usage-error.js'

/** Libvirt's own limit for a domain's XML. */
const MOST_TEXT = 4 * 2 ** 20
/** For everyone whom the umask lets read it: a report is collected by others. */
const REPORT_MODE = 0o666

/** Reads a text in UTF-8 of at most 4 MiB; standard input for `-`. @throws {UsageError} */
export function readUserText(path: string): Promise<string> {
  return explaining(path, 'read', async () => {
    const bytes = await readBounded(path, { most: MOST_TEXT })
    const text = bytes.toString()
    const again = Buffer.from(text)
    // Decoding puts another character in the place of what is no UTF-8.
    if (!again.equals(bytes)) throw new Error(`no UTF-8 at byte ${bytes.findIndex((byte, at) => byte !== again[at])}`)
    return text
  })
}

/** Opens a file for writing, anew. @throws {UsageError} */
export function createUserFile(path: string): number {
  return explaining(path, 'written', () => openSync(path, 'w'))
}

/** Replaces a file, whole. @throws {UsageError} */
export function writeUserFile(path: string, text: string): Promise<void> {
  return explaining(path, 'written', () => replaceWhole(path, (file) => file.writeFile(text), { mode: REPORT_MODE }))
}

/** Makes sure that a file can be put at `path` later, before a guest runs for nothing. @throws {UsageError} */
export function checkWritable(path: string): void {
  explaining(path, 'written', () => {
    const found = statSync(path, { throwIfNoEntry: false })
    if (found?.isDirectory()) throw new Error('it is a folder')
    if (found !== undefined) accessSync(path, constants.W_OK)
    // A regular file is replaced by a new one, which is made in its folder.
    if (found === undefined || found.isFile()) accessSync(dirname(resolve(path)), constants.W_OK)
  })
}

/** Makes sure that files can be put into a folder. @throws {UsageError} */
export function checkFolder(path: string): void {
  explaining(path, 'written to', () => {
    if (!statSync(path).isDirectory()) throw new Error('it is no folder')
    accessSync(path, constants.W_OK)
  })
}

/**
 * Runs `use`; what it throws, at once or by its promise, becomes a usage error that names the file.
 * @param done what cannot be: 'read', 'written'.
 */
export function explaining<Value>(path: string, done: string, use: () => Value): Value {
  const explain = (error: unknown): never => {
    if (error instanceof UsageError) throw error
    throw new UsageError(`${path}: cannot be ${done}: ${fileErrorOf(error)}`, { cause: error })
  }
  try {
    const value = use()
    return value instanceof Promise ? (value.catch(explain) as Value) : value
  } catch (error) {
    return explain(error)
  }
}
