// Runs the program isa-pvpanic within the test's own process, and collects what it writes.

import { isaPvpanic } from '../../src/cli/program.js'

export interface Finished {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs `isa-pvpanic` with `args` to its end, as if into a pipe. */
export async function run(args: readonly string[]): Promise<Finished> {
  let stdout = ''
  let stderr = ''
  const exitCode = await isaPvpanic(args, {
    out: (text) => {
      stdout += text
    },
    err: (text) => {
      stderr += text
    },
    colours: false,
  })
  return { exitCode, stdout, stderr }
}
