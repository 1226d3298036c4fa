// A guest as the command line of a real QEMU.

import { checkOneOf, OptionTypeError } from '../../../common/check.js'
import { debugExitPlaces } from '../../../devices/debug-exit.js'
import type { MachineOptions } from '../../../machine/machine-options.js'
import { actionWords } from '../../../qemu-options/actions.js'
import type { ImageName } from '../../guest-images.js'

/** How QEMU runs the guest: by the host's processor, or by translating its instructions. */
export type Accelerator = 'kvm' | 'tcg'

/** What of a machine's options QEMU has too; the others are this library's own. */
export interface QemuMachineChoices
  extends Pick<
    MachineOptions,
    'iobase' | 'events' | 'onPanic' | 'panicExitCode' | 'shutdownAction' | 'rebootAction' | 'machineType' | 'debugExit'
  > {
  /** The panic device: at an I/O port, or a PCI function for kernels without an ISA bus, which has no `iobase`. Default: 'pvpanic'. */
  readonly device?: PanicDevice
}

/** The panic devices of a PC in QEMU. */
export const PANIC_DEVICES = ['pvpanic', 'pvpanic-pci'] as const
export type PanicDevice = (typeof PANIC_DEVICES)[number]

/** A guest whose images are files. */
export interface QemuGuest extends QemuMachineChoices {
  readonly files: Readonly<Partial<Record<ImageName, string>>>
  readonly append: string
  /** Bytes. */
  readonly memory: number
  /** The socket to which QEMU connects for QMP. */
  readonly qmpSocket: string
  readonly accelerator: Accelerator
}

const MEBIBYTE = 0x100000
/** QEMU's pc does not start with less. */
const LEAST_MEMORY = 2 * MEBIBYTE

/** QEMU's arguments. The guest waits for `cont`; COM1 is QEMU's standard input and output. */
export function qemuArguments(guest: QemuGuest): string[] {
  const { files, append, memory, qmpSocket, accelerator, machineType = 'pc', iobase, debugExit } = guest
  const kernel = files.kernel ?? files.multiboot
  const megabytes = Math.ceil(Math.max(memory, LEAST_MEMORY) / MEBIBYTE)
  return [
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-serial', 'stdio', '-S'],
    ...['-machine', machineType, '-accel', accelerator, '-m', String(megabytes)],
    ...['-qmp', `unix:${doubleCommas(qmpSocket)}`, '-action', actions(guest)],
    ...(iobase === null ? [] : ['-device', pvpanic(guest)]),
    ...debugExitPlaces(debugExit).flatMap(({ iobase, iosize }) => [
      '-device',
      `isa-debug-exit,iobase=${iobase},iosize=${iosize}`,
    ]),
    ...given('-bios', files.bios),
    ...given('-kernel', kernel),
    ...given('-initrd', files.initrd),
    ...(kernel !== undefined && append !== '' ? ['-append', append] : []),
    ...given('-device', files.vgaBios && `VGA,romfile=${doubleCommas(files.vgaBios)}`),
    ...drive(files.fda, 'if=floppy'),
    ...drive(files.hda, 'if=ide,index=0,media=disk'),
    ...drive(files.cdrom, 'if=ide,index=2,media=cdrom'),
  ]
}

function actions({
  onPanic = 'preserve',
  panicExitCode = 0,
  shutdownAction = 'poweroff',
  rebootAction = 'reset',
}: QemuGuest) {
  const words = actionWords({ onPanic, panicExitCode, shutdownAction, rebootAction })
  return Object.entries(words)
    .map(([event, word]) => `${event}=${word}`)
    .join(',')
}

function pvpanic({ device = 'pvpanic', iobase, events }: QemuGuest): string {
  checkOneOf('device', device, PANIC_DEVICES)
  if (device === 'pvpanic-pci' && iobase !== undefined) {
    throw new OptionTypeError('iobase', 'pvpanic-pci is at no port; expected device pvpanic, or no iobase')
  }
  return [device, iobase != null && `ioport=${iobase}`, events !== undefined && `events=${events}`]
    .filter((part) => part !== false)
    .join(',')
}

/** QEMU writes to a temporary file of its own and leaves the image as it is. */
function drive(file: string | undefined, kind: string): string[] {
  return file === undefined ? [] : ['-drive', `${kind},format=raw,snapshot=on,file=${doubleCommas(file)}`]
}

function given(option: string, value: string | undefined): string[] {
  return value === undefined ? [] : [option, value]
}

/** In QEMU's option lists a comma within a value is doubled. */
export function doubleCommas(value: string): string {
  return value.replaceAll(',', ',,')
}
