// Writes an initial RAM disk: a cpio archive in the "newc" form that Linux unpacks (Documentation/driver-api/early-userspace).

/** A file, a folder, a link or a character device of the archive. Paths have no leading slash. */
export type CpioEntry =
  | { readonly path: string; readonly file: Uint8Array | string; readonly executable?: boolean }
  | { readonly path: string; readonly folder: true }
  | { readonly path: string; readonly linkTo: string }
  | { readonly path: string; readonly device: readonly [major: number, minor: number] }

const MAGIC = '070701'
const LAST_NAME = 'TRAILER!!!'
const TYPE = { folder: 0o040000, device: 0o020000, file: 0o100000, link: 0o120000 } as const
const ALIGNMENT = 4

/** The archive; all in it belongs to root. Text is UTF-8. */
export function cpioArchive(entries: readonly CpioEntry[]): Uint8Array {
  const parts = [...entries.flatMap((entry, index) => member(entry, index + 1)), ...record(LAST_NAME, 0, 0, [0, 0], '')]
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + roundUp(length), 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += roundUp(part.length)
  }
  return whole
}

function member(entry: CpioEntry, inode: number): Uint8Array[] {
  const { path } = entry
  if ('folder' in entry) return record(path, inode, TYPE.folder | 0o755, [0, 0], '')
  if ('device' in entry) return record(path, inode, TYPE.device | 0o600, entry.device, '')
  if ('linkTo' in entry) return record(path, inode, TYPE.link | 0o777, [0, 0], entry.linkTo)
  return record(path, inode, TYPE.file | (entry.executable ? 0o755 : 0o644), [0, 0], entry.file)
}

/** A header with its name, and the data: each is padded to a multiple of 4 bytes. */
function record(
  path: string,
  inode: number,
  mode: number,
  device: readonly [number, number],
  data: Uint8Array | string,
): Uint8Array[] {
  const name = bytesOf(`${path}\0`)
  const bytes = typeof data === 'string' ? bytesOf(data) : data
  const links = 1
  const fields = [inode, mode, 0, 0, links, 0, bytes.length, 0, 0, ...device, name.length, 0]
  const header = bytesOf(MAGIC + fields.map((field) => field.toString(16).padStart(8, '0')).join(''))
  const head = new Uint8Array(header.length + name.length)
  head.set(header)
  head.set(name, header.length)
  return [head, bytes]
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function roundUp(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT
}
