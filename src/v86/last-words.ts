// What v86 says when it gives up: its WebAssembly traps then, and only the text before it tells why.

/** What is used of the functions that v86 gives its WebAssembly. */
interface Imports {
  readonly env?: { console_log_from_wasm?: (address: number, length: number) => void }
}
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer }
}

/** By the exports of an emulator's WebAssembly. */
const lastWords = new WeakMap<object, string>()

/** Takes down what v86's WebAssembly says, in place of v86, which prints it. To be called before it is instantiated. */
export function hearLastWords(imports: object): { speakerIs(exports: object): void } {
  const { env } = imports as Imports
  let speaker: Exports | undefined
  if (env !== undefined) {
    env.console_log_from_wasm = (address, length) => {
      if (speaker === undefined) return
      const text = new TextDecoder().decode(speaker.memory.buffer.slice(address, address + length))
      lastWords.set(speaker, text)
    }
  }
  return {
    speakerIs(exports) {
      speaker = exports as Exports
    },
  }
}

/** The latest text, if there is any; it is forgotten then. */
export function takeLastWords(exports: object): string | undefined {
  const words = lastWords.get(exports)
  lastWords.delete(exports)
  return words
}
