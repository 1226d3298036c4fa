// A whole guest as one file: v86's state and the machine's, which belong together and are of no use alone.

import type { V86 } from 'v86'
import { messageOf } from '../common/message-of.js'
import type { Machine } from '../machine/machine.js'
import { MachineError } from '../machine/machine-error.js'
import { type MachineState, parseMachineState } from '../machine/machine-state.js'
import { coreOf } from './v86-internals.js'

/** First bytes of a file. */
const MAGIC = 'isa-pvpanic v86\n'
const VERSION = 1
/** After the magic: version and length of the description, 32 bits each, low byte first. */
const VERSION_AT = MAGIC.length
const LENGTH_AT = VERSION_AT + 4
const HEADER_SIZE = LENGTH_AT + 4
/** v86's state begins at a multiple of this. */
const ALIGNMENT = 16

/** What stands between the header and v86's state, as JSON. */
interface Description {
  readonly memorySize: number
  readonly acpi: boolean
  readonly machine: MachineState
}

/** The bytes are no saved guest, or one of another machine; the message says which. Nothing has changed. */
export class SavedStateError extends Error {
  override readonly name = 'SavedStateError'
}

/**
 * The guest as it stands: memory, processor, v86's devices and disks, and the machine's state. Not to be called by a
 * listener of the machine.
 * @throws {TypeError} if the emulator is not ready.
 */
export async function saveGuest(emulator: V86, machine: Machine): Promise<Uint8Array> {
  const { memorySize, acpi } = hardwareOf(emulator)
  const description: Description = { memorySize, acpi, machine: machine.save() }
  const text = new TextEncoder().encode(JSON.stringify(description))
  const state = new Uint8Array(await emulator.save_state())
  const stateAt = align(HEADER_SIZE + text.length)
  const bytes = new Uint8Array(stateAt + state.length)
  bytes.set(new TextEncoder().encode(MAGIC))
  const header = new DataView(bytes.buffer)
  header.setUint32(VERSION_AT, VERSION, true)
  header.setUint32(LENGTH_AT, text.length, true)
  bytes.set(text, HEADER_SIZE)
  bytes.set(state, stateAt)
  return bytes
}

/**
 * Brings a saved guest back, into an emulator and a machine made with the same options and images. A guest that was
 * running runs once the emulator does; a panicked one stands until `cont()`.
 * @returns a sentence for each thing in the state that this machine has no place for.
 * @throws {MachineError} if the machine has ended.
 * @throws {SavedStateError | TypeError | RangeError} for bytes that are damaged, of another version, or of a guest with
 *   other hardware.
 */
export async function restoreGuest(emulator: V86, machine: Machine, bytes: Uint8Array): Promise<string[]> {
  if (machine.exitCode !== undefined) throw new MachineError('the machine has ended; a guest needs one that has not')
  const { description, state } = parse(bytes)
  const { memorySize, acpi } = hardwareOf(emulator)
  if (description.memorySize !== memorySize) {
    throw new SavedStateError(
      `the saved guest has ${description.memorySize} bytes of memory, this emulator has ${memorySize}`,
    )
  }
  if (description.acpi !== acpi) {
    throw new SavedStateError(`the saved guest has acpi: ${description.acpi}, this emulator has acpi: ${acpi}`)
  }
  const machineState = parseMachineState(description.machine)
  const removeFilling = fillPciHoles(emulator)
  try {
    // v86 looks at its own header first, and has changed nothing if that is not right.
    await emulator.restore_state(state)
  } catch (cause) {
    const why = messageOf(cause)
    throw new SavedStateError(`v86 does not take the saved state: ${why}`, { cause })
  } finally {
    removeFilling()
  }
  return machine.load(machineState)
}

/**
 * v86 0.5.462 restores a device's base address registers though the device lacks some, and fails on these unless the
 * firmware had set them to 0. Gives the devices registers of no size. Returns what takes them away again.
 */
function fillPciHoles(emulator: V86): () => void {
  const filled: (() => void)[] = []
  for (const device of coreOf(emulator).cpu.devices.pci.devices) {
    for (const [index, bar] of (device?.pci_bars ?? []).entries()) {
      if (bar !== undefined || device === undefined) continue
      device.pci_bars[index] = { size: 0, original_bar: 0 }
      filled.push(() => delete device.pci_bars[index])
    }
  }
  return () => {
    for (const remove of filled) remove()
  }
}

function hardwareOf(emulator: V86): Omit<Description, 'machine'> {
  const { cpu } = coreOf(emulator)
  return { memorySize: cpu.memory_size[0] ?? 0, acpi: cpu.devices.acpi !== undefined }
}

function parse(bytes: Uint8Array): { description: Description; state: ArrayBuffer } {
  if (bytes.length < HEADER_SIZE || new TextDecoder('latin1').decode(bytes.subarray(0, MAGIC.length)) !== MAGIC) {
    throw new SavedStateError('this is not a saved guest: it does not begin with "isa-pvpanic v86"')
  }
  const header = new DataView(bytes.buffer, bytes.byteOffset, HEADER_SIZE)
  const version = header.getUint32(VERSION_AT, true)
  if (version !== VERSION) {
    throw new SavedStateError(`the saved guest is of version ${version}, this program reads version ${VERSION}`)
  }
  const stateAt = align(HEADER_SIZE + header.getUint32(LENGTH_AT, true))
  if (stateAt > bytes.length) throw new SavedStateError(`the saved guest is cut off after ${bytes.length} bytes`)
  const text = bytes.subarray(HEADER_SIZE, HEADER_SIZE + header.getUint32(LENGTH_AT, true))
  return { description: parseDescription(text), state: bytes.slice(stateAt).buffer as ArrayBuffer }
}

function parseDescription(text: Uint8Array): Description {
  try {
    const { memorySize, acpi, machine } = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text))
    return { memorySize: Number(memorySize), acpi: acpi === true, machine }
  } catch (cause) {
    throw new SavedStateError('the saved guest is damaged: its description is not JSON', { cause })
  }
}

function align(offset: number): number {
  return Math.ceil(offset / ALIGNMENT) * ALIGNMENT
}
