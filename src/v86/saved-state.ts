// A whole guest as one file: v86's state and the machine's, which belong together and are of no use alone.

import { arrayBufferOf } from '../common/array-buffer.js'
import { messageOf } from '../common/message-of.js'
import type { Machine } from '../machine/machine.js'
import { MachineError } from '../machine/machine-error.js'
import { type MachineState, parseMachineState } from '../machine/machine-state.js'
import { coreOf } from './v86-internals.js'
import type { V86 } from './v86-types.js'

/** First bytes of a file. */
const MAGIC = 'isa-pvpanic v86\n'
const VERSION = 2
/** After the magic: version and length of the description, 32 bits each, low byte first; the SHA-256 of all that follows. */
const VERSION_AT = MAGIC.length
const LENGTH_AT = VERSION_AT + 4
const DIGEST_AT = LENGTH_AT + 4
const DIGEST_SIZE = 32
const HEADER_SIZE = DIGEST_AT + DIGEST_SIZE
/** v86's state begins at a multiple of this. */
const ALIGNMENT = 16

/** What stands between the header and v86's state, as JSON. */
interface Description {
  readonly memorySize: number
  readonly acpi: boolean
  readonly machine: MachineState
}

/** What is used of JavaScript's Web Crypto, which Node's types declare elsewhere. */
interface Digests {
  readonly subtle: { digest(algorithm: 'SHA-256', bytes: ArrayBuffer): Promise<ArrayBuffer> }
}
const { crypto: digests } = globalThis as unknown as { crypto: Digests }

/** The bytes are no saved guest, or one of another machine; the message says which. */
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
  bytes.set(await digestOf(bytes), DIGEST_AT)
  return bytes
}

/**
 * Brings a saved guest back, into an emulator and a machine made with the same options and images. A guest that was
 * running runs once the emulator does; a panicked one stands until `cont()`.
 *
 * Bytes that are refused have changed nothing: a checksum covers them, and the hardware is compared before v86 is given its
 * state. They must still come from somebody who is trusted: v86 believes what its state says.
 * @returns a sentence for each thing in the state that this machine has no place for.
 * @throws {MachineError} if the machine has ended.
 * @throws {SavedStateError | TypeError | RangeError} for bytes that are damaged, of another version, or of a guest with
 *   other hardware.
 */
export async function restoreGuest(emulator: V86, machine: Machine, bytes: Uint8Array): Promise<string[]> {
  if (machine.exitCode !== undefined) throw new MachineError('the machine has ended; a guest needs one that has not')
  const { description, state } = await parse(bytes)
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
    await emulator.restore_state(state)
  } catch (cause) {
    const why = messageOf(cause)
    throw new SavedStateError(`v86 does not take the saved state, and may have loaded half of it: ${why}`, { cause })
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

async function parse(bytes: Uint8Array): Promise<{ description: Description; state: ArrayBuffer }> {
  const header = new DataView(arrayBufferOf(bytes.subarray(0, HEADER_SIZE)))
  if (header.byteLength < HEADER_SIZE || textOf(header.buffer.slice(0, MAGIC.length)) !== MAGIC) {
    throw new SavedStateError('this is not a saved guest: it does not begin with "isa-pvpanic v86"')
  }
  const version = header.getUint32(VERSION_AT, true)
  if (version !== VERSION) {
    throw new SavedStateError(`the saved guest is of version ${version}, this program reads version ${VERSION}`)
  }
  const digest = new Uint8Array(header.buffer, DIGEST_AT, DIGEST_SIZE)
  if ((await digestOf(bytes)).some((byte, index) => byte !== digest[index])) {
    throw new SavedStateError(
      `the saved guest is damaged, or cut off: its ${bytes.length} bytes do not fit their checksum`,
    )
  }
  const textEnd = HEADER_SIZE + header.getUint32(LENGTH_AT, true)
  return {
    description: parseDescription(arrayBufferOf(bytes.subarray(HEADER_SIZE, textEnd))),
    state: arrayBufferOf(bytes.subarray(align(textEnd))),
  }
}

/** The checksum of everything behind the header. */
async function digestOf(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await digests.subtle.digest('SHA-256', arrayBufferOf(bytes.subarray(HEADER_SIZE))))
}

function textOf(bytes: ArrayBuffer): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
}

function parseDescription(text: ArrayBuffer): Description {
  try {
    const { memorySize, acpi, machine } = JSON.parse(textOf(text))
    return { memorySize: Number(memorySize), acpi: acpi === true, machine }
  } catch (cause) {
    throw new SavedStateError('the saved guest is damaged: its description is not JSON', { cause })
  }
}

function align(offset: number): number {
  return Math.ceil(offset / ALIGNMENT) * ALIGNMENT
}
