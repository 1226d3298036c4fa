// What `-help` and `-machine help` print.

import { machineTypes } from '../machine/machine-types.js'

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

const NAME_WIDTH = 20

/** What `-machine help` prints: the types that a version of QEMU has. @throws {RangeError} for an unknown version. */
export function machinesHelp(qemu: string | undefined): string {
  const line = (name: string, words: string) => `${name.padEnd(NAME_WIDTH)} ${words}`
  const lines = machineTypes(qemu).flatMap(({ name, alias, description, isDefault, deprecated }) => [
    ...(alias === undefined ? [] : [line(alias, `${description} (alias of ${name})`)]),
    line(name, `${description}${isDefault ? ' (default)' : ''}${deprecated === undefined ? '' : ' (deprecated)'}`),
  ])
  return ['Supported machines are:', ...lines, ''].join('\n')
}
