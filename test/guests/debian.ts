// Fetches the parts of Debian's i386 packages that a test guest is made of. Nothing of them is kept in this project.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Where the packages' parts stay between runs. */
const CACHE = process.env.GUESTS_CACHE ?? join(tmpdir(), 'isa-pvpanic-guests')

const KERNEL_META_PACKAGE = 'linux-image-686'
/** What is taken out of each package. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  kernel: ['./boot/vmlinuz-*', './lib/modules/*/pvpanic/*.ko'],
  'busybox-static': ['./bin/busybox'],
  seabios: ['./usr/share/seabios/bios*.bin'],
  'kexec-tools': ['./sbin/kexec'],
  libc6: ['./lib/i386-linux-gnu/ld-linux.so.2', './lib/ld-linux.so.2', './lib/i386-linux-gnu/libc.so.6'],
  zlib1g: ['./lib/i386-linux-gnu/libz.so.1.*'],
  liblzma5: ['./lib/i386-linux-gnu/liblzma.so.5.*'],
}

/** Files of Debian's i386 packages, by their path below the root. */
export class DebianFiles {
  readonly #root: string
  readonly #paths: readonly string[]

  constructor(root: string) {
    this.#root = root
    this.#paths = readdirSync(root, { recursive: true, encoding: 'utf8' })
  }

  /** Where the one file is that the pattern fits. */
  path(pattern: RegExp): string {
    const found = this.#paths.filter((path) => pattern.test(path))
    const [path] = found
    if (path === undefined || found.length > 1) throw new Error(`${found.length} files fit ${pattern}`)
    return path
  }

  read(pattern: RegExp): Uint8Array {
    return readFileSync(join(this.#root, this.path(pattern)))
  }
}

/** Fetches and unpacks what is not in the cache yet. Needs Debian's apt-get and dpkg-deb, and its archive. */
export function fetchDebian(): DebianFiles {
  const root = join(CACHE, 'root')
  if (!existsSync(root)) {
    const fresh = join(CACHE, 'fetching')
    rmSync(fresh, { recursive: true, force: true })
    fetchInto(fresh)
    renameSync(join(fresh, 'root'), root)
    rmSync(fresh, { recursive: true, force: true })
  }
  return new DebianFiles(root)
}

function fetchInto(folder: string): void {
  const root = join(folder, 'root')
  for (const name of ['root', 'state/lists/partial', 'cache/archives/partial']) {
    mkdirSync(join(folder, name), { recursive: true })
  }
  // Lists of its own, so that the machine's apt never learns of i386.
  const apt = [
    ...['-o', 'APT::Architecture=i386', '-o', 'APT::Architectures=i386', '-o', 'APT::Sandbox::User=root'],
    ...['-o', `Dir::State=${folder}/state`, '-o', 'Dir::State::status=/dev/null', '-o', `Dir::Cache=${folder}/cache`],
  ]
  // Sources without i386 make it fail; what matters is whether the packages can be had afterwards.
  tool(folder, 'apt-get', [...apt, '-q', 'update'], { mayFail: true })
  const kernel = /linux-image-\S+-686\b/.exec(tool(folder, 'apt-cache', [...apt, 'depends', KERNEL_META_PACKAGE]))?.[0]
  if (kernel === undefined) throw new Error(`apt knows no ${KERNEL_META_PACKAGE} for i386`)
  for (const [name, patterns] of Object.entries(PACKAGES)) {
    const packageName = name === 'kernel' ? kernel : name
    tool(folder, 'apt-get', [...apt, '-q', 'download', packageName])
    const file = readdirSync(folder).find((candidate) => candidate.startsWith(`${packageName}_`))
    const unpack = 'dpkg-deb --fsys-tarfile "$1" | tar -C "$2" -xf - --wildcards --ignore-failed-read "$3"'
    for (const pattern of patterns) {
      tool(folder, 'sh', ['-c', unpack, 'sh', `${folder}/${file}`, root, pattern], { mayFail: true })
    }
  }
}

function tool(folder: string, program: string, args: readonly string[], { mayFail = false } = {}): string {
  try {
    return execFileSync(program, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new Error(`cannot run ${program}; this script needs a Debian system with apt-get, dpkg-deb and tar`)
    }
    if (mayFail) return ''
    throw error
  }
}
