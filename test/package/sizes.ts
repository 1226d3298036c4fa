// What the package weighs: for those who install it, and minified and compressed for those who bundle it.

import { execFileSync } from 'node:child_process'
import { resolve } from 'node:path'
import { exit } from 'node:process'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const root = resolve(import.meta.dirname, '../..')
const KILOBYTE = 1000

/** Name, what is bundled, and the most bytes that it may have. */
const BUNDLES = [
  ['core entry point, whole', `export * from 'isa-pvpanic'`, 10 * KILOBYTE],
  ['IoPortBus with Pvpanic', `export { IoPortBus, Pvpanic } from 'isa-pvpanic'`, 3.5 * KILOBYTE],
] as const
/** Of these the benchmark, which embedders run on machines of their own, takes 30 kB. */
const MOST_PACKED = 300 * KILOBYTE

async function bundledSize(contents: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root },
    ...{ bundle: true, minify: true, format: 'esm', platform: 'browser', write: false, logLevel: 'error' },
  })
  return gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length
}

function packedSize(): number {
  const told = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root, encoding: 'utf8' })
  const [{ size }] = JSON.parse(told)
  return size
}

const sizes: [name: string, size: number, most: number][] = [['npm pack', packedSize(), MOST_PACKED]]
for (const [name, contents, most] of BUNDLES) sizes.push([name, await bundledSize(contents), most])
for (const [name, size, most] of sizes) {
  const verdict = size > most ? '  TOO LARGE' : ''
  console.log(`${name.padEnd(24)} ${(size / KILOBYTE).toFixed(1).padStart(6)} kB of ${most / KILOBYTE} kB${verdict}`)
}
if (sizes.some(([, size, most]) => size > most)) exit(1)
