// Builds `dist/`: every entry point as an ES module, the programs, and in `dist/chunks` what they share, once.
// `--js` leaves out the declarations, which take most of the time.
//
// `dist/cjs` is for require(): each file there hands out the ES module, so a class is one class however it was loaded.
// Its declarations are copies, since TypeScript reads a .d.ts by the package.json beside it. They keep the names of the
// originals: npm packs the two next to each other, and the second costs almost nothing.
//
// The modules are not minified and have no source maps: with their sources these weigh more than the package may.

import { cpSync, readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { argv } from 'node:process'
import { type BuildOptions, build, type Plugin } from 'rolldown'
import { dts } from 'rolldown-plugin-dts'

/** Each entry point of package.json's `exports`; `.` is `index`. */
const LIBRARIES: Readonly<Record<string, string>> = {
  index: 'src/index.ts',
  firmware: 'src/firmware/index.ts',
  libvirt: 'src/libvirt/index.ts',
  'plan-2013': 'src/plan-2013/index.ts',
  pci: 'src/pci/index.ts',
  qmp: 'src/monitor/qmp/index.ts',
  qtest: 'src/monitor/qtest/index.ts',
  monitor: 'src/monitor/server/index.ts',
  'core-dump': 'src/core-dump/index.ts',
  v86: 'src/v86/index.ts',
  testing: 'src/testing/index.ts',
  vitest: 'src/vitest/index.ts',
}
/** Those of package.json's `bin`. */
const PROGRAMS = { cli: 'src/cli/main.ts', 'pvpanic-system': 'src/cli/system/main.ts' }
/**
 * What floors that browsers load too import from Node's part, when they need it. package.json's `imports` gives browsers
 * the last one in place of each.
 */
const NODE_ONLY = {
  'node/bounded-read': 'src/node/bounded-read.ts',
  'node/whole-file': 'src/node/whole-file.ts',
  'node/installed-wasm': 'src/node/installed-wasm.ts',
  'node/snapshot-file': 'src/node/snapshot-file.ts',
  'node/engine': 'src/testing/engines/qemu/engine.ts',
  'node/in-browser': 'src/node/in-browser.ts',
}
/** Vitest itself cannot be loaded by require(). */
const REQUIRED = Object.keys(LIBRARIES).filter((name) => name !== 'vitest')

const { dependencies, peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
const common: Pick<BuildOptions, 'external' | 'platform'> = {
  external: [/^node:/, ...Object.keys({ ...dependencies, ...peerDependencies })],
  platform: 'neutral',
}
const chunkFileNames = 'chunks/[name].js'
/** A file a floor: a bundler can leave out a whole file where it must keep what a module does when it is loaded. */
const floorsApart = (ending: '' | '.d') => ({
  groups: ['common', 'bus', 'devices', 'machine'].map((floor) => ({
    name: floor + ending,
    test: new RegExp(`/src/${floor}/`),
  })),
})

function modules(): BuildOptions {
  return {
    ...common,
    input: { ...LIBRARIES, ...PROGRAMS, ...NODE_ONLY },
    plugins: [nodeOnlyImports(), modulesForRequire()],
    output: {
      ...{ dir: 'dist', cleanDir: true, format: 'esm', chunkFileNames, codeSplitting: floorsApart('') },
      comments: { jsdoc: false },
    },
  }
}

/** Members marked @internal are left out. */
const declarations: BuildOptions = {
  ...common,
  input: LIBRARIES,
  plugins: [typesOfV86(), dts({ emitDtsOnly: true, compilerOptions: { stripInternal: true } })],
  output: { dir: 'dist', format: 'esm', chunkFileNames, codeSplitting: floorsApart('.d') },
  checks: { pluginTimings: false },
}

/** The bundler would lose the attribute in that file, so it is copied as it stands. */
function typesOfV86(): Plugin {
  return {
    name: 'types-of-v86',
    resolveId: (source) =>
      source.endsWith('/v86-types.js') ? { id: resolve('src/v86-types.js'), external: true } : null,
    generateBundle() {
      const source = readFileSync('src/v86/v86-types.ts', 'utf8')
      this.emitFile({ type: 'asset', fileName: 'v86-types.d.ts', source })
    },
  }
}

function nodeOnlyImports(): Plugin {
  return {
    name: 'node-only-imports',
    resolveId(source, _, { kind }) {
      const name = kind === 'dynamic-import' && /\/(?:node|engines\/qemu)\/([\w-]+)\.js$/.exec(source)?.[1]
      return name ? { id: `#node/${name}`, external: true } : null
    },
  }
}

function modulesForRequire(): Plugin {
  return {
    name: 'modules-for-require',
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: 'cjs/package.json', source: '{ "type": "commonjs" }\n' })
      for (const name of REQUIRED) {
        const source = `module.exports = require('../${name}.js')\n`
        this.emitFile({ type: 'asset', fileName: `cjs/${name}.js`, source })
      }
    },
  }
}

await build(modules())
if (!argv.includes('--js')) {
  await build(declarations)
  for (const file of readdirSync('dist', { recursive: true, encoding: 'utf8' })) {
    if (file.endsWith('.d.ts') && file !== 'vitest.d.ts') cpSync(`dist/${file}`, `dist/cjs/${file}`)
  }
}
