// Reads files that somebody else named: never more than a bound, and never in a way that a signal cannot end.

import { constants, open } from 'node:fs'
import { type FileHandle, open as openHandle, stat } from 'node:fs/promises'
import { Socket } from 'node:net'
import { addAbortSignal } from 'node:stream'
import { promisify } from 'node:util'
import { showSize } from '../common/size.js'

const CHUNK_BYTES = 2 ** 16
const STANDARD_INPUT = '-'

export interface BoundedReadOptions {
  /** Bytes that the file may have. */
  readonly most: number
  /** Gives up when aborted. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Reads a file whole; standard input for `-`.
 * @throws {Error} if the file has more than `most` bytes, what the file system says, and the signal's reason.
 */
export async function readBounded(path: string, options: BoundedReadOptions): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of boundedChunks(path, options)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** The same, piece by piece. */
export async function* boundedChunks(
  path: string,
  { most, signal }: BoundedReadOptions,
): AsyncGenerator<Buffer, void, undefined> {
  let total = 0
  for await (const chunk of chunksOf(path, most, signal)) {
    signal?.throwIfAborted()
    total += chunk.length
    if (total > most) throw tooLarge(most)
    yield chunk
  }
}

async function* chunksOf(path: string, most: number, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
  signal?.throwIfAborted()
  if (path === STANDARD_INPUT) {
    yield* signal ? addAbortSignal(signal, process.stdin) : process.stdin
    return
  }
  const found = await stat(path)
  if (found.isFIFO()) {
    yield* await openPipe(path, signal)
    return
  }
  if (found.isFile() && found.size > most) throw tooLarge(most)
  const file = await openHandle(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    yield* chunksOfFile(file)
  } finally {
    await file.close()
  }
}

/**
 * A named pipe. Opened as a file it would hold a thread of Node's pool until somebody writes to it, and a process does not
 * exit before its threads are free.
 */
async function openPipe(path: string, signal: AbortSignal | undefined): Promise<Socket> {
  const fd = await promisify(open)(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const pipe = new Socket({ fd, readable: true, writable: false })
  return signal ? addAbortSignal(signal, pipe) : pipe
}

async function* chunksOfFile(file: FileHandle): AsyncGenerator<Buffer> {
  while (true) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES)
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
  }
}

function tooLarge(most: number): Error {
  return new Error(`it is larger than ${showSize(most)}`)
}
