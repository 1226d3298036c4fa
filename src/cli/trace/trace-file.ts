// Trace files as the user names them: read with their header looked at first, and written whole or not at all.

import { closeSync, existsSync, openSync, readSync, realpathSync, statSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import type { PortAccess } from '../../bus/port-tap.js'
import { PortTraceError, portTraceHeader, readPortTrace } from '../../bus/port-trace.js'
import { replaceWhole } from '../../node/whole-file.js'
import { UsageError } from '../usage-error.js'
import { checkFolder, checkWritable, explaining } from '../user-files.js'

/** A file is read into memory; this is 128 million accesses. */
const MOST_BYTES = 2 ** 30
const CHUNK_BYTES = 2 ** 16
const STANDARD_INPUT = '-'

/**
 * Reads a trace file, or standard input for `-`, for `use`.
 * @throws {UsageError} if it cannot be read, is no regular file, is too large, is no trace, or is damaged.
 */
export function withTrace(path: string, use: (trace: Iterable<PortAccess>) => number): number {
  try {
    return use(readPortTrace(readTraceFile(path)))
  } catch (error) {
    if (!(error instanceof PortTraceError)) throw error
    throw new UsageError(`${path}: ${error.message}`, { cause: error })
  }
}

function readTraceFile(path: string): Uint8Array {
  const file = path === STANDARD_INPUT ? process.stdin.fd : explaining(path, 'read', () => openRegularFile(path))
  try {
    const header = readUpTo(path, file, portTraceHeader().length)
    // What is no trace is refused before the rest of it, which may never end, is read.
    readPortTrace(header).next()
    const records = readUpTo(path, file, MOST_BYTES + 1)
    if (records.length > MOST_BYTES) throw tooLarge(path)
    return Buffer.concat([header, records])
  } finally {
    if (path !== STANDARD_INPUT) closeSync(file)
  }
}

function openRegularFile(path: string): number {
  // Before it is opened: opening a pipe would wait for its other end.
  const found = statSync(path)
  if (!found.isFile()) throw new Error('it is no regular file')
  if (found.size > MOST_BYTES) throw tooLarge(path)
  return openSync(path, 'r')
}

function tooLarge(path: string): UsageError {
  return new UsageError(`${path}: cannot be read: it is larger than ${MOST_BYTES / 2 ** 20} MiB`)
}

/** The next `most` bytes, or as many as there are. */
function readUpTo(path: string, file: number, most: number): Buffer {
  const pieces: Buffer[] = []
  for (let left = most; left > 0; ) {
    const piece = Buffer.allocUnsafe(Math.min(left, CHUNK_BYTES))
    const count = explaining(path, 'read', () => readSync(file, piece))
    if (count === 0) break
    pieces.push(piece.subarray(0, count))
    left -= count
  }
  return Buffer.concat(pieces)
}

/** Makes sure that a trace can be put at `path`, before a guest runs for nothing. @throws {UsageError} */
export function checkTraceTarget(path: string): void {
  checkWritable(path)
  if (existsSync(path) && !statSync(path).isFile()) {
    throw new UsageError(`${path}: cannot be written: it is no regular file`)
  }
  checkFolder(dirname(path))
}

/** Nothing was recorded, so that there is nothing to put at a path. */
class NothingRecorded extends Error {}

/**
 * Puts the trace that `record` writes at `path`. Until it is complete, whatever was there stays; it stays too if `record`
 * throws, or says that nothing was recorded.
 * @param record is given what writes a piece, and never throws; it returns the number of accesses.
 * @returns that number.
 */
export async function writeTrace(
  path: string,
  record: (write: (bytes: Uint8Array) => void) => Promise<number>,
): Promise<number> {
  // A link stays one.
  const target = existsSync(path) ? realpathSync(path) : path
  try {
    return await replaceWhole(target, async ({ fd }) => {
      let failure: unknown
      const accesses = await record((bytes) => {
        try {
          if (failure === undefined) writeWhole(fd, bytes)
        } catch (error) {
          failure = error
        }
      })
      if (failure !== undefined) throw failure
      if (accesses === 0) throw new NothingRecorded()
      return accesses
    })
  } catch (error) {
    if (error instanceof NothingRecorded) return 0
    throw error
  }
}

function writeWhole(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done)
}
