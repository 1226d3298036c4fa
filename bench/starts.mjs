// How long the package takes to be there: the import of its core, and the start of its program.

import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const STARTS = 11
const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url))
const PACKAGE = fileURLToPath(new URL('..', import.meta.url))
const IMPORT = `const began = performance.now(); await import('isa-pvpanic'); console.log(performance.now() - began)`

const median = (take) => Array.from({ length: STARTS }, take).sort((one, other) => one - other)[STARTS >> 1]

/** Medians in milliseconds, on the Node whose program is given. */
export function measureStarts(node) {
  const importMs = median(() =>
    Number(execFileSync(node, ['--input-type=module', '--eval', IMPORT], { cwd: PACKAGE, encoding: 'utf8' })),
  )
  const versionMs = median(() => {
    const began = performance.now()
    execFileSync(node, [CLI, '--version'])
    return performance.now() - began
  })
  return { importMs, versionMs }
}
