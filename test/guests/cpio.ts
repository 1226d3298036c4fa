// Writes an initramfs: a cpio archive in the "newc" form that Linux unpacks (Documentation/driver-api/early-userspace).

/** A file, a folder, a link or a character device of the archive. */
export type CpioEntry =
  | { readonly path: string; readonly file: Uint8Array | string; readonly executable?: boolean }
  | { readonly path: string; readonly folder: true }
  | { readonly path: string; readonly linkTo: string }
  | { readonly path: string; readonly device: readonly [major: number, minor: number] }

const MAGIC = '070701'
const LAST_NAME = 'TRAILER!!!'
const TYPE = { folder: 0o040000, device: 0o020000, file: 0o100000, link: 0o120000 } as const

export function cpioArchive(entries: readonly CpioEntry[]): Uint8Array {
  const parts = entries.map((entry, index) => member(entry, index + 1))
  return new Uint8Array(Buffer.concat([...parts, record(LAST_NAME, 0, 0, [0, 0], new Uint8Array())]))
}

function member(entry: CpioEntry, inode: number): Buffer {
  const { path } = entry
  const none = new Uint8Array()
  if ('folder' in entry) return record(path, inode, TYPE.folder | 0o755, [0, 0], none)
  if ('device' in entry) return record(path, inode, TYPE.device | 0o600, entry.device, none)
  if ('linkTo' in entry) return record(path, inode, TYPE.link | 0o777, [0, 0], Buffer.from(entry.linkTo))
  return record(path, inode, TYPE.file | (entry.executable ? 0o755 : 0o644), [0, 0], Buffer.from(entry.file))
}

function record(
  path: string,
  inode: number,
  mode: number,
  device: readonly [number, number],
  data: Uint8Array,
): Buffer {
  const links = 1
  const fields = [inode, mode, 0, 0, links, 0, data.length, 0, 0, ...device, path.length + 1, 0]
  const header = MAGIC + fields.map((field) => field.toString(16).padStart(8, '0')).join('')
  return Buffer.concat([padded(Buffer.from(`${header}${path}\0`)), padded(Buffer.from(data))])
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)])
}
