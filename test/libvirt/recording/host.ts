// What both recording scripts need of the host: programs, versions, and a private place to run libvirt in.

import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Ends the script, with a message that names what is missing, unless all the programs are there. */
export function requirePrograms(programs: readonly string[]): void {
  const missing = programs.filter((program) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0)
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
export function versions(): { libvirt: string; qemu: string; host: string } {
  const firstLine = (program: string, args: string[]): string =>
    execFileSync(program, args, { encoding: 'utf8' }).split('\n', 1)[0] ?? ''
  const release = /PRETTY_NAME="(.*)"/.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown'
  return {
    libvirt: firstLine('virsh', ['--version']),
    qemu: firstLine('qemu-system-x86_64', ['--version']),
    host: release,
  }
}

/**
 * Shell lines that prepare this mount namespace for libvirt's QEMU driver; to be run under `unshare --mount`.
 *
 * It gets a user and a group `libvirt-qemu`, without which the driver does not start (the package that makes them also
 * enables a system service), and a /dev without kvm: where the device is there but not for that user, libvirt asks
 * QEMU for its capabilities again at every turn, for seconds each.
 */
export function prepareNamespace(directory: string): string {
  const passwd = join(directory, 'passwd')
  const group = join(directory, 'group')
  writeFileSync(passwd, `${readFileSync('/etc/passwd', 'utf8')}libvirt-qemu:x:64055:64055::/:/bin/false\n`)
  writeFileSync(group, `${readFileSync('/etc/group', 'utf8')}libvirt-qemu:x:64055:\nkvm:x:64056:\n`)
  const dev = join(directory, 'dev')
  return [
    `mount --bind ${passwd} /etc/passwd`,
    `mount --bind ${group} /etc/group`,
    `mkdir ${dev}`,
    `mount -t tmpfs dev ${dev}`,
    `cp -a /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty ${dev}/`,
    `mkdir ${dev}/pts ${dev}/shm`,
    `mount --bind /dev/pts ${dev}/pts`,
    `ln -s pts/ptmx ${dev}/ptmx`,
    `ln -s /proc/self/fd ${dev}/fd`,
    `mount --bind ${dev} /dev`,
    '',
  ].join('\n')
}
