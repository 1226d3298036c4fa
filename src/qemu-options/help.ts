// What `-help` and `-machine help` print.

import { qemuProfile } from '../machine/qemu-versions.js'

/** Each option as it is written, and what it does. */
const LINES: readonly (readonly [string, string])[] = [
  ['-help, -h', 'prints this'],
  ['-version', 'prints the version of QEMU that is imitated'],
  ['-as-qemu VERSION', 'the version of QEMU to imitate, such as 7.2; the newest known'],
  ['-machine TYPE, -M TYPE', 'the machine type; "help" lists them'],
  ['-m SIZE', 'guest memory, in MiB or with a suffix such as k or G; 128M'],
  ['-device pvpanic[,ioport=PORT][,events=BITS][,id=ID]', 'a panic device; "pvpanic,help" tells its properties'],
  ['-device isa-debug-exit[,iobase=PORT]', "a device that ends the machine with the guest's exit code"],
  ['-global DRIVER.PROPERTY=VALUE', "the default of a device's property"],
  ['-action EVENT=ACTION,...', 'what is done at panic, shutdown and reboot; "help" lists the events'],
  ['-no-shutdown', 'a shutdown pauses the machine'],
  ['-no-reboot', 'a reset ends the machine'],
  ['-S', 'does not start the guest: "cont" does'],
  ['-qmp WHERE', 'a QMP monitor at stdio, unix:PATH or tcp:HOST:PORT; with ,server=on,wait=off it listens'],
  ['-qtest WHERE', 'a qtest server, likewise'],
  ['-qtest-log FILE', 'where the qtest server logs, or "none"'],
  ['-chardev socket,id=ID,path=PATH|host=HOST,port=PORT', 'a socket for -mon; with ,server=on,wait=off it listens'],
  ['-mon chardev=ID,mode=control', 'a QMP monitor at that socket'],
  ['-name NAME', "the guest's name"],
  ['-uuid UUID', "the guest's UUID"],
  ['-bios FILE', 'must be a file that can be read; nothing executes it'],
  ['-nodefaults', 'changes nothing'],
  ['-accel tcg|qtest', 'changes nothing'],
  ['-display, -vga, -serial, -parallel, -monitor, -net, -nic', 'only "none", which changes nothing'],
]

/** What `-help` prints. */
export function optionsHelp(): string {
  const options = LINES.flatMap(([form, meaning]) => [form, `        ${meaning}`])
  return ['A machine for panics under the options of QEMU. It executes nothing.', '', ...options, ''].join('\n')
}

const ALIASES = ['pc', 'q35']
const FAMILIES = ['pc-i440fx', 'pc-q35']
const UNVERSIONED = ['pc-1.3', 'pc-1.2', 'pc-1.1', 'pc-1.0', 'isapc']
const LARGEST_MAJOR = 99
const LARGEST_MINOR = 19

/** What `-machine help` prints: the types that a version of QEMU has. @throws {RangeError} for an unknown version. */
export function machinesHelp(qemu: string | undefined): string {
  const aliases = ALIASES.map((name) => `${name.padEnd(20)} (alias of ${qemuProfile(qemu, name).machineType})`)
  const versioned = FAMILIES.flatMap((family) => versions().map((version) => `${family}-${version}`))
  const others = [...versioned, ...UNVERSIONED].filter((name) => isMachineType(qemu, name))
  return ['Supported machines are:', ...aliases, ...others, `${'none'.padEnd(20)} empty machine`, ''].join('\n')
}

function versions(): string[] {
  const downTo0 = (largest: number) => Array.from({ length: largest + 1 }, (_, index) => largest - index)
  return downTo0(LARGEST_MAJOR).flatMap((major) => downTo0(LARGEST_MINOR).map((minor) => `${major}.${minor}`))
}

function isMachineType(qemu: string | undefined, name: string): boolean {
  try {
    return qemuProfile(qemu, name).machineType === name
  } catch {
    return false
  }
}
