// v86's WebAssembly, out of the installed package.

import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'

/** @throws {Error} if the package v86 is not installed. */
export function readInstalledWasm(): Promise<Uint8Array> {
  return readFile(createRequire(import.meta.url).resolve('v86/build/v86.wasm'))
}
