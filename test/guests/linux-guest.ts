// A Linux guest of Debian's kernel and busybox that says what it finds of the pvpanic device, and then panics.

import { type CpioEntry, cpioArchive, linuxCommandLine } from '../../src/testing/index.js'
import type { DebianFiles } from './debian.js'

const MEBIBYTE = 1 << 20

/** What the guest does once it has looked around; the word after `guest=` on its command line. */
export type LinuxPlot = 'panic' | 'crash-kernel' | 'power-off' | 'idle'

export interface LinuxOptions {
  readonly plot?: LinuxPlot
  /** Bytes. */
  readonly memory?: number
  /** More for the kernel's command line. */
  readonly append?: string
}

/** The first thing of the guest's own that it prints. */
export const INIT_SAYS = 'guest: init'

const INIT = `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
echo "${INIT_SAYS} of Linux $(uname -r)"
insmod /pvpanic.ko
insmod /pvpanic-mmio.ko
for node in /sys/bus/acpi/devices/QEMU0001:*; do
  [ -e "$node" ] && echo "guest: acpi $(cat $node/path) status $(cat $node/status)"
done
for device in /sys/bus/platform/devices/QEMU0001:*; do
  [ -e "$device/driver" ] && echo "guest: driver $(basename $(readlink $device/driver))"
  [ -e "$device/capability" ] && echo "guest: capability $(cat $device/capability) events $(cat $device/events)"
done
grep QEMU /proc/ioports | sed 's/^ */guest: ports /'
grep ' iowrite8$' /proc/kallsyms | sed 's/^/guest: symbol /'
grep 'Kernel rodata' /proc/iomem | sed 's/^ */guest: memory /'
for word in $(cat /proc/cmdline); do
  case "$word" in guest=*) plot="\${word#guest=}" ;; esac
done
case "$plot" in
  panic)
    echo "guest: panicking"
    echo c > /proc/sysrq-trigger
    ;;
  crash-kernel)
    kexec -p /vmlinuz --append="maxcpus=1 quiet" && echo "guest: crash kernel loaded, panicking"
    echo c > /proc/sysrq-trigger
    ;;
  power-off)
    echo "guest: powering off"
    poweroff -f
    ;;
esac
echo "guest: waiting"
while true; do sleep 60; done
`

/** What `bootGuest` boots it from. */
export interface LinuxImages {
  readonly bios: Uint8Array
  readonly kernel: Uint8Array
  readonly initrd: Uint8Array
  readonly append: string
  readonly memory: number
}

/** The guest, under Debian's SeaBIOS. */
export function linuxImages(debian: DebianFiles, options: LinuxOptions = {}): LinuxImages {
  const { plot = 'panic', memory = 128 * MEBIBYTE, append = '' } = options
  const kernel = debian.read(/boot\/vmlinuz-/)
  return {
    bios: debian.read(/seabios\/bios\.bin$/),
    kernel,
    initrd: cpioArchive(files(debian, plot, kernel)),
    append: linuxCommandLine(`guest=${plot} ${append}`),
    memory,
  }
}

function files(debian: DebianFiles, plot: LinuxPlot, kernel: Uint8Array): CpioEntry[] {
  const always: CpioEntry[] = [
    ...['bin', 'dev', 'proc', 'sys', 'lib', 'lib/i386-linux-gnu'].map((path) => ({ path, folder: true }) as const),
    { path: 'dev/console', device: [5, 1] },
    { path: 'init', file: INIT, executable: true },
    { path: 'bin/busybox', file: debian.read(/bin\/busybox$/), executable: true },
    ...['pvpanic.ko', 'pvpanic-mmio.ko'].map((path) => ({ path, file: debian.read(new RegExp(`/${path}$`)) })),
  ]
  if (plot !== 'crash-kernel') return always
  return [
    ...always,
    { path: 'vmlinuz', file: kernel },
    { path: 'bin/kexec', file: debian.read(/sbin\/kexec$/), executable: true },
    { path: 'lib/ld-linux.so.2', file: debian.read(/i386-linux-gnu\/ld-linux\.so\.2$/), executable: true },
    ...['libc.so.6', 'libz.so.1', 'liblzma.so.5'].map((name) => ({
      path: `lib/i386-linux-gnu/${name}`,
      file: debian.read(new RegExp(`i386-linux-gnu/${name.replaceAll('.', '\\.')}(\\.\\d.*)?$`)),
    })),
  ]
}
