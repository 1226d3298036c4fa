// Finds or fetches v86's WebAssembly, and compiles it once for all emulators that ask for the same.

import { compileWasm, type WasmModule } from './wasm-module.js'

/** What a page or a worker has. */
interface BrowserGlobals {
  readonly document?: { readonly baseURI: string }
  readonly location?: { readonly href: string }
}

const INSTALLED = 'v86.wasm of the installed package'
/** By address. */
const compiled = new Map<string, Promise<WasmModule>>()

/**
 * @param wasm a compiled module, or the address of `v86.wasm`. Default: in Node the file of the installed package v86; in
 *   browsers `v86.wasm` beside the page, or beside a worker's script.
 * @throws {Error} if it cannot be found or fetched.
 */
export async function loadWasm(wasm?: WasmModule | URL | string): Promise<WasmModule> {
  if (wasm !== undefined && typeof wasm !== 'string' && !(wasm instanceof URL)) return wasm
  const address = String(wasm ?? defaultAddress())
  const known = compiled.get(address)
  if (known !== undefined) return known
  const module = read(address).then(compileWasm)
  compiled.set(address, module)
  // The next emulator tries again.
  module.catch(() => compiled.delete(address))
  return module
}

function defaultAddress(): URL | string {
  if (globalThis.process?.versions?.node !== undefined) return INSTALLED
  const { document, location } = globalThis as BrowserGlobals
  return new URL('v86.wasm', document?.baseURI ?? location?.href)
}

async function read(address: string): Promise<Uint8Array> {
  if (address === INSTALLED) {
    const { readInstalledWasm } = await import('../node/installed-wasm.js')
    return readInstalledWasm()
  }
  const response = await fetch(address)
  if (!response.ok) throw new Error(`wasm: ${address} answers ${response.status}; expected v86.wasm of the package v86`)
  return new Uint8Array(await response.arrayBuffer())
}
