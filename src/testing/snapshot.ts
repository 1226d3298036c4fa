// Snapshots: a guest is booted to a line of its serial output once, and later ones start from there.

import manifest from '../../package.json' with { type: 'json' }
import { OptionTypeError } from '../common/check.js'
import { messageOf } from '../common/message-of.js'
import { SavedStateError } from '../v86/saved-state.js'
import type { LoadedImages } from './guest-images.js'

/** Where a snapshot is taken, and where it is kept. */
export interface SnapshotOptions {
  /** The text on the serial line at which the guest is saved: a shell's prompt, say. */
  readonly at: RegExp | string
  /**
   * The snapshot's file, in Node. One of other images, options or versions is replaced. Default: none; the snapshot is
   * kept in this process's memory, and made once in it.
   */
  readonly file?: string
  /** Milliseconds for which the text is waited for, 1..0x7fffffff. Default: 300,000. */
  readonly timeoutMs?: number
}

const DEFAULT_TIMEOUT_MS = 300_000

/** What a guest was made from: names and short values, hashes of what is long. */
export type Origin = Readonly<Record<string, unknown>>

interface Header {
  readonly origin: Origin
  readonly at: string
}

/** Settings of who watches a guest; they may be others when it is restored. */
const NOT_OF_THE_GUEST = new Set([
  ...['engine', 'signal', 'timeoutMs', 'snapshot', 'restore', 'startPaused', 'wasm', 'turnLimitMs'],
  ...['onPanic', 'panicExitCode', 'shutdownAction', 'rebootAction', 'resetLimit', 'logSize'],
  ...['clock', 'onEnd', 'onListenerError', 'onHalt', 'onError'],
])

/** Everything that went into a guest. */
export async function originOf(images: LoadedImages, options: object): Promise<Origin> {
  const own = Object.entries({ ...options, ...images }).filter(([name]) => !NOT_OF_THE_GUEST.has(name))
  const origin: Record<string, unknown> = { 'isa-pvpanic': manifest.version, ...(await v86Version()) }
  for (const [name, value] of own.sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (value !== undefined) origin[name] = await digested(value)
  }
  return origin
}

async function v86Version(): Promise<Origin> {
  if (globalThis.process?.versions?.node === undefined) return {}
  const { versionOf } = await import('../node/snapshot-file.js')
  return { v86: versionOf('v86') }
}

/** The value, with a hash in place of whatever is long. */
async function digested(value: unknown): Promise<unknown> {
  if (value instanceof ArrayBuffer) return digested(new Uint8Array(value))
  if (ArrayBuffer.isView(value)) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice()
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
    return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  }
  if (Array.isArray(value)) return Promise.all(value.map(digested))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(async ([name, member]) => [name, await digested(member)] as const)
  return Object.fromEntries(await Promise.all(entries))
}

/** Those kept in memory, by what they were made from. */
const kept = new Map<string, Promise<Uint8Array>>()

/**
 * The saved guest: the one that is there, or else the one that `boot` makes.
 * @param boot boots the guest, waits for the text and saves it.
 * @throws what `boot` throws, and {Error} for a file that cannot be read or written.
 */
export function snapshotOf(
  { at, file, timeoutMs = DEFAULT_TIMEOUT_MS }: SnapshotOptions,
  origin: Origin,
  boot: (at: RegExp | string, timeoutMs: number) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const header: Header = { origin, at: String(at) }
  const key = JSON.stringify([header, file])
  const present = kept.get(key)
  if (present !== undefined) return present
  const made = fileOrBoot(file, header, () => boot(at, timeoutMs))
  kept.set(key, made)
  // The next one tries again. What is in a file is not held in memory, too.
  const forget = () => void kept.delete(key)
  made.then(file === undefined ? () => {} : forget, forget)
  return made
}

async function fileOrBoot(
  file: string | undefined,
  header: Header,
  boot: () => Promise<Uint8Array>,
): Promise<Uint8Array> {
  if (file === undefined) return boot()
  const { readSnapshotFile, writeSnapshotFile } = await import('../node/snapshot-file.js')
  const found = await readSnapshotFile(file).catch(() => undefined)
  if (found !== undefined && JSON.stringify(found.header) === JSON.stringify(header)) return found.guest
  const guest = await boot()
  await writeSnapshotFile(file, { header, guest })
  return guest
}

/**
 * The saved guest in `restore`: what `guest.save()` gave, or a snapshot's file.
 * @throws {SavedStateError} if the file is none, is damaged, or was made from something else; it says from what.
 */
export async function savedGuestIn(
  restore: Uint8Array | string,
  origin: () => Promise<Origin>,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  if (restore instanceof Uint8Array) return restore
  if (typeof restore !== 'string') throw new OptionTypeError('restore', 'expected a path or a Uint8Array')
  const { readSnapshotFile } = await import('../node/snapshot-file.js')
  const found = await readSnapshotFile(restore, signal).catch((cause) => {
    signal?.throwIfAborted()
    throw new SavedStateError(`restore: ${restore}: ${messageOf(cause)}`, { cause })
  })
  if (found === undefined) throw new SavedStateError(`restore: ${restore}: there is no such file`)
  const difference = differenceOf((found.header as Partial<Header> | null)?.origin ?? {}, await origin())
  if (difference !== undefined) throw new SavedStateError(`restore: ${restore}: ${difference}`)
  return found.guest
}

function differenceOf(saved: Origin, here: Origin): string | undefined {
  const name = [...new Set([...Object.keys(saved), ...Object.keys(here)])].find(
    (candidate) => JSON.stringify(saved[candidate]) !== JSON.stringify(here[candidate]),
  )
  if (name === undefined) return undefined
  const [before, now] = [saved, here].map((origin) => JSON.stringify(origin[name]) ?? 'nothing')
  return `it was made with another ${name}: ${before}; here it is ${now}`
}
