// Files that the user names: opened and written, with a usage error where that cannot be done.

import { accessSync, constants, openSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { messageOf } from '../common/message-of.js'
import { UsageError } from './usage-error.js'

/** Reads a file; standard input for `-`. @throws {UsageError} */
export function readUserFile(path: string): Buffer {
  return explaining(path, 'read', () => readFileSync(path === '-' ? 0 : path))
}

/** Opens a file for writing, anew. @param mode of a file that is not there yet. @throws {UsageError} */
export function createUserFile(path: string, mode?: number): number {
  return explaining(path, 'written', () => openSync(path, 'w', mode))
}

/** @throws {UsageError} */
export function writeUserFile(path: string, text: string): void {
  explaining(path, 'written', () => writeFileSync(path, text))
}

/** Makes sure that a file can be written later, before a guest runs for nothing. @throws {UsageError} */
export function checkWritable(path: string): void {
  explaining(path, 'written', () => {
    const found = statSync(path, { throwIfNoEntry: false })
    if (found?.isDirectory()) throw new Error('it is a folder')
    accessSync(found === undefined ? dirname(path) : path, constants.W_OK)
  })
}

/** Makes sure that files can be put into a folder. @throws {UsageError} */
export function checkFolder(path: string): void {
  explaining(path, 'written to', () => {
    if (!statSync(path).isDirectory()) throw new Error('it is no folder')
    accessSync(path, constants.W_OK)
  })
}

/** Runs `use`; what it throws becomes a usage error that names the file. @param done what cannot be: 'read', 'written'. */
export function explaining<Value>(path: string, done: string, use: () => Value): Value {
  try {
    return use()
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(`${path}: cannot be ${done}: ${messageOf(error)}`, {
      cause: error,
    })
  }
}
