// v86's WebAssembly, compiled so that a turn of the guest can be left in the middle.

/** A `WebAssembly.Module`. */
export type WasmModule = object
/** What is used of JavaScript's WebAssembly object, which Node's types do not declare. */
interface WasmApi {
  compile(bytes: Uint8Array): Promise<WasmModule>
}
const wasmApi = (globalThis as unknown as { WebAssembly: WasmApi }).WebAssembly

/** The name under which the stack pointer is exported. It is the first global of what Rust's linker makes. */
export const STACK_POINTER = '__stack_pointer'
const GLOBAL_INDEX = 0

const HEADER_SIZE = 8
const EXPORT_SECTION = 7
const EXPORTED_GLOBAL = 3

/**
 * Compiles v86's `v86.wasm` for `createEmulator()` and `bootGuest()`. The module also exports its stack pointer: whoever
 * throws through v86, to end a string instruction, has to set that back. With a module compiled otherwise a guest can be
 * stopped within a string instruction 100 times, and the emulator fails then.
 * @throws {WebAssembly.CompileError} for bytes that are no WebAssembly module.
 */
export function compileWasm(bytes: Uint8Array): Promise<WasmModule> {
  return wasmApi.compile(withStackPointer(bytes))
}

/** The module with one more entry in its export section. */
function withStackPointer(bytes: Uint8Array): Uint8Array {
  for (let at = HEADER_SIZE; at < bytes.length; ) {
    const size = readNumber(bytes, at + 1)
    const end = size.next + size.value
    if (bytes[at] === EXPORT_SECTION) {
      const count = readNumber(bytes, size.next)
      const name = new TextEncoder().encode(STACK_POINTER)
      const entries = bytes.subarray(count.next, end)
      const entry = [name.length, ...name, EXPORTED_GLOBAL, GLOBAL_INDEX]
      const section = concat([writeNumber(count.value + 1), entries, entry])
      return concat([
        bytes.subarray(0, at),
        [EXPORT_SECTION],
        writeNumber(section.length),
        section,
        bytes.subarray(end),
      ])
    }
    at = end
  }
  return bytes
}

/** An unsigned number as WebAssembly writes it: seven bits a byte, low ones first. */
function readNumber(bytes: Uint8Array, at: number): { value: number; next: number } {
  let value = 0
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++] ?? 0
    value += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) return { value, next: at }
  }
}

function writeNumber(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...writeNumber(Math.floor(value / 0x80))]
}

function concat(parts: readonly ArrayLike<number>[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
