// What the recording scripts need of the host: programs, versions, and a private place to run libvirt in.

import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

/** The folder of another Debian in which libvirt and QEMU are to run (`--root FOLDER`); '' for this system's own. */
export function rootFolder(args: readonly string[]): string {
  const index = args.indexOf('--root')
  return index === -1 ? '' : resolve(args[index + 1] ?? '')
}

/** Ends the script, with a message that names what is missing, unless all the programs are there. */
export function requirePrograms(programs: readonly string[], root = ''): void {
  const isMissing = (program: string) => {
    const [command = '', ...args] = [...(root === '' ? [] : ['chroot', root]), 'sh', '-c', `command -v ${program}`]
    return spawnSync(command, args).status !== 0
  }
  const missing = programs.filter(isMissing)
  if (missing.length > 0) {
    console.error(`This script needs ${missing.join(', ')} (Debian: libvirt-daemon, libvirt-clients, qemu-system-x86).`)
    process.exit(2)
  }
  if (process.getuid?.() !== 0) {
    console.error('This script needs root, for a private mount namespace.')
    process.exit(2)
  }
}

/** The recorded programs, as a recording's header names them. */
export function versions(root = ''): { libvirt: string; qemu: string; host: string } {
  const firstLine = (...command: string[]): string => {
    const [program = '', ...args] = [...(root === '' ? [] : ['chroot', root]), ...command]
    return execFileSync(program, args, { encoding: 'utf8' }).split('\n', 1)[0] ?? ''
  }
  const release = /PRETTY_NAME="(.*)"/.exec(readFileSync(`${root}/etc/os-release`, 'utf8'))?.[1] ?? 'unknown'
  return {
    libvirt: firstLine('virsh', '--version'),
    qemu: firstLine('qemu-system-x86_64', '--version'),
    host: release,
  }
}

/** Where a recording goes: one file for each release series of libvirt. */
export function recordingFile(name: string, libvirt: string): URL {
  const [series = ''] = /^\d+\.\d+/.exec(libvirt) ?? []
  return new URL(`../recordings/${name}-${series}.json`, import.meta.url)
}

const REPOSITORY = resolve(import.meta.dirname, '../../..')
const INSIDE = '/mnt'

/** Where a file of this repository, and the folder for temporary files, are inside of `root`. */
export const insidePath = (root: string, path: string): string =>
  root === '' ? path : path.replace(REPOSITORY, `${INSIDE}/repository`)
export const insideFolder = (root: string, folder: string): string => (root === '' ? folder : `${INSIDE}/folder`)

/** A shell line that runs `command` inside of `root`. */
export const insideCommand = (root: string, command: string): string =>
  root === '' ? command : `PATH=$PATH:${INSIDE}/node chroot ${root} sh -ec 'cd ${INSIDE}/repository; ${command}'`

/**
 * Shell lines that prepare this mount namespace for libvirt's QEMU driver; to be run under `unshare --mount`.
 *
 * It gets a user and a group `libvirt-qemu`, without which the driver does not start (the package that makes them also
 * enables a system service), and a /dev without kvm: where the device is there but not for that user, libvirt asks
 * QEMU for its capabilities again at every turn, for seconds each. Another `root` also gets Node and this repository.
 */
export function prepareNamespace(directory: string, root = ''): string {
  const withUser = (name: string, entry: string): string[] => {
    const text = readFileSync(`${root}/etc/${name}`, 'utf8')
    const copy = join(directory, name)
    writeFileSync(copy, /^libvirt-qemu:/m.test(text) ? text : `${text}${entry}`)
    return [`mount --bind ${copy} ${root}/etc/${name}`]
  }
  const dev = join(directory, 'dev')
  const binds = [
    [dirname(process.execPath), 'node'],
    [REPOSITORY, 'repository'],
    [directory, 'folder'],
  ]
  const foreign = [
    `mount -t tmpfs private ${root}${INSIDE}`,
    ...binds.map(([from, to]) => `mkdir ${root}${INSIDE}/${to}; mount --bind ${from} ${root}${INSIDE}/${to}`),
    `mount -t proc proc ${root}/proc`,
    `mount --rbind /sys ${root}/sys`,
  ]
  return [
    ...withUser('passwd', 'libvirt-qemu:x:64055:64055::/:/bin/false\n'),
    ...withUser('group', 'libvirt-qemu:x:64055:\nkvm:x:64056:\n'),
    `mkdir ${dev}`,
    `mount -t tmpfs dev ${dev}`,
    `cp -a /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty ${dev}/`,
    `mkdir ${dev}/pts ${dev}/shm`,
    `mount --bind /dev/pts ${dev}/pts`,
    `ln -s pts/ptmx ${dev}/ptmx`,
    `ln -s /proc/self/fd ${dev}/fd`,
    `mount --bind ${dev} ${root}/dev`,
    ...(root === '' ? [] : foreign),
    '',
  ].join('\n')
}
