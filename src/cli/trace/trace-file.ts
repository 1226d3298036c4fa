// Trace files as the user names them: read with their header looked at first, and written whole or not at all.

import { writeSync } from 'node:fs'
import type { PortAccess } from '../../bus/port-tap.js'
import { PortTraceError, portTraceHeader, readPortTrace } from '../../bus/port-trace.js'
import { boundedChunks } from '../../node/bounded-read.js'
import { replaceWhole } from '../../node/whole-file.js'
import { UsageError } from '../usage-error.js'
import { explaining } from '../user-files.js'

/** A file is read into memory; this is 128 million accesses. */
const MOST_BYTES = 2 ** 30
const RECORD_BYTES = 8

/**
 * Reads a trace file, or standard input for `-`, for `use`.
 * @throws {UsageError} if it cannot be read, is too large, is no trace, or is damaged.
 */
export async function withTrace(
  path: string,
  use: (trace: Iterable<PortAccess>) => number | Promise<number>,
): Promise<number> {
  try {
    return await use(readPortTrace(await readTraceFile(path)))
  } catch (error) {
    if (!(error instanceof PortTraceError)) throw error
    throw new UsageError(`${path}: ${error.message}`, { cause: error })
  }
}

async function readTraceFile(path: string): Promise<Uint8Array> {
  const headerBytes = portTraceHeader().length
  const chunks: Buffer[] = []
  let length = 0
  const all = boundedChunks(path, { most: MOST_BYTES })
  try {
    while (true) {
      const { done, value: chunk } = await explaining(path, 'read', () => all.next())
      if (done) return Buffer.concat(chunks)
      chunks.push(chunk)
      // What is no trace is refused before the rest of it, which may never end, is read.
      if (length < headerBytes && length + chunk.length >= headerBytes) {
        checkHeader(Buffer.concat(chunks).subarray(0, headerBytes))
      }
      length += chunk.length
    }
  } finally {
    await all.return()
  }
}

const checkHeader = (header: Uint8Array): void => void readPortTrace(header).next()

/** Nothing was recorded, so that there is nothing to put at a path. */
class NothingRecorded extends Error {}

/** What became of a recording. */
export interface RecordedTrace {
  /** Accesses that were recorded; 0 if no file was written. */
  readonly accesses: number
  /** How many of them the file has no room for. */
  readonly leftOut: number
}

/**
 * Puts the trace that `record` writes at `path`. Until it is complete, whatever was there stays; it stays too if `record`
 * throws, or says that nothing was recorded.
 * @param limit bytes that the file may get.
 * @param record is given what writes a piece, and never throws; it returns the number of accesses.
 */
export async function writeTrace(
  path: string,
  limit: number,
  record: (write: (bytes: Uint8Array) => void) => Promise<number>,
): Promise<RecordedTrace> {
  try {
    return await replaceWhole(path, async ({ fd }) => {
      let failure: unknown
      let [room, cutBytes] = [limit, 0]
      const accesses = await record((bytes) => {
        // Whole records only: the header has the size of a few.
        const kept = Math.min(bytes.length, room - (room % RECORD_BYTES))
        try {
          if (failure === undefined) writeWhole(fd, bytes.subarray(0, kept))
        } catch (error) {
          failure = error
        }
        room -= kept
        cutBytes += bytes.length - kept
      })
      if (failure !== undefined) throw failure
      if (accesses === 0) throw new NothingRecorded()
      return { accesses, leftOut: cutBytes / RECORD_BYTES }
    })
  } catch (error) {
    if (error instanceof NothingRecorded) return { accesses: 0, leftOut: 0 }
    throw error
  }
}

function writeWhole(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done)
}
