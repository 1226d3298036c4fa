// Linux guests without a distribution: a command line that boots fast, and an initial RAM disk around busybox.

import { type CpioEntry, cpioArchive } from './cpio.js'

/**
 * Switches of the kernel's command line that make a boot in an emulator shorter, and the output readable. Measured with
 * Debian's 6.1 for i386 in v86: 31 s of processor time without, 21 s with them (docs/testing-a-kernel.md).
 */
export const LINUX_SWITCHES = [
  'console=ttyS0,115200',
  'quiet',
  'panic=0',
  'nokaslr',
  'tsc=reliable',
  'mitigations=off',
  'random.trust_cpu=on',
  'nowatchdog',
  'noisapnp',
  'cryptomgr.notests',
  'initcall_blacklist=crypto_kdf108_init,init_kprobe_trace',
] as const

/** The command line with these switches first. What is said again later wins in Linux. */
export function linuxCommandLine(append = ''): string {
  return [...LINUX_SWITCHES, append].join(' ').trim()
}

/** What an initial RAM disk for a Linux guest is made of. */
export interface LinuxInitrdOptions {
  /** A busybox that is linked statically, for the guest's processor: 32-bit in v86. */
  readonly busybox: Uint8Array
  /** Kernel modules (.ko), loaded in this order. */
  readonly modules?: readonly { readonly name: string; readonly file: Uint8Array }[]
  /** More of the file system. A file `init` takes the place of the init that is made. */
  readonly files?: readonly CpioEntry[]
  /**
   * A command for the shell. Its exit code is printed as a line "exec: exit code 0", and the guest powers itself off.
   * Default: none; a shell reads commands from the serial line, as `guest.run()` sends them.
   */
  readonly exec?: string
}

/** What init prints when the shell is ready for `guest.run()`. */
export const SHELL_READY = 'init: shell ready'
/** What init prints of `exec`. */
export const EXEC_RESULT = 'exec: exit code'

/** An initial RAM disk whose init mounts /proc, /sys and /dev, loads the modules, and runs the command or a shell. */
export function linuxInitrd({ busybox, modules = [], files = [], exec }: LinuxInitrdOptions): Uint8Array {
  const own: CpioEntry[] = [
    ...['bin', 'dev', 'proc', 'sys', 'tmp', 'modules'].map((path) => ({ path, folder: true }) as const),
    { path: 'dev/console', device: [5, 1] },
    { path: 'bin/busybox', file: busybox, executable: true },
    { path: 'init', file: initScript(modules, exec), executable: true },
    ...modules.map(({ name, file }) => ({ path: `modules/${name}.ko`, file })),
  ]
  const given = new Set(files.map(({ path }) => path))
  return cpioArchive([...own.filter(({ path }) => !given.has(path)), ...files])
}

function initScript(modules: readonly { readonly name: string }[], exec: string | undefined): string {
  // As a script: a shell that thinks itself interactive prints prompts, and what is typed.
  const shell = `stty -echo
echo "${SHELL_READY}"
exec sh /dev/console
`
  const command = `(
${exec}
)
echo "${EXEC_RESULT} $?"
poweroff -f
sleep 1000
`
  return `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev 2>/dev/null
exec </dev/console >/dev/console 2>&1
${modules.map(({ name }) => `insmod /modules/${name}.ko\n`).join('')}${exec === undefined ? shell : command}`
}
