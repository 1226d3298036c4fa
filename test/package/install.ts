// Packs the package, installs it in an empty folder and uses it as its users do: ESM, CommonJS, strict TypeScript.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'isa-pvpanic-install-'))
const run = (program: string, ...args: string[]) =>
  execFileSync(program, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })

const USE = `
const machine = new Machine({ onPanic: 'preserve' })
machine.bus.outb(0x505, 1)
console.log(machine.runState)
`
const BOTH = `import { Machine } from 'isa-pvpanic'\n${USE}`

/** What users of the other entry points have, in the versions that the project itself is tested with. */
const COMPANIONS = ['typescript@5.9', 'v86@0.5.462', 'vitest@4', '@types/node@22']
const BROWSER_ENTRIES = [
  'isa-pvpanic',
  'isa-pvpanic/firmware',
  'isa-pvpanic/libvirt',
  'isa-pvpanic/qmp',
  'isa-pvpanic/qtest',
]
const NODE_ENTRIES = ['core-dump', 'monitor', 'testing', 'v86', 'vitest'].map((name) => `isa-pvpanic/${name}`)
const importAll = (entries: readonly string[]) =>
  entries.map((entry) => `export * as e${entries.indexOf(entry)} from '${entry}'`)
const tsconfig = (file: string, types: readonly string[], lib: readonly string[], module = 'NodeNext') =>
  JSON.stringify({
    compilerOptions: {
      ...{ strict: true, skipLibCheck: false, noEmit: true, target: 'ES2022' },
      ...{ module, moduleResolution: module, types, lib },
    },
    files: [file],
  })

/** Each program, how to start it, and what it must print. */
const programs = [
  ['esm.mjs', BOTH, ['node', 'esm.mjs'], 'guest-panicked'],
  ['common.cjs', `const { Machine } = require('isa-pvpanic')\n${USE}`, ['node', 'common.cjs'], 'guest-panicked'],
  [
    'one-class.cjs',
    `const { Machine } = require('isa-pvpanic')\nconst { launchMachine } = require('isa-pvpanic/libvirt')
console.log(launchMachine([]) instanceof Machine)`,
    ['node', 'one-class.cjs'],
    'true',
  ],
  [
    'guest.mjs',
    `import { bootGuest } from 'isa-pvpanic/testing'
const guest = await bootGuest()
console.log((await guest.nextPanic()).event)
await guest.dispose()`,
    ['node', 'guest.mjs'],
    'panicked',
  ],
  [
    'guest.cjs',
    `const { bootGuest } = require('isa-pvpanic/testing')
bootGuest().then(async (guest) => {
  console.log((await guest.nextPanic()).event)
  await guest.dispose()
})`,
    ['node', 'guest.cjs'],
    'panicked',
  ],
  ['core.mts', BOTH.replaceAll('console.log', 'String'), ['npx', 'tsc', '-p', 'core.json'], ''],
  ['browser.mts', importAll(BROWSER_ENTRIES).join('\n'), ['npx', 'tsc', '-p', 'browser.json'], ''],
  ['node.mts', importAll(NODE_ENTRIES).join('\n'), ['npx', 'tsc', '-p', 'node.json'], ''],
  // Vitest itself has no types for CommonJS.
  [
    'node16.cts',
    importAll(NODE_ENTRIES.filter((entry) => !entry.endsWith('/vitest'))).join('\n'),
    ['npx', 'tsc', '-p', 'node16.json'],
    '',
  ],
] as const

try {
  const tarball = execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], {
    cwd: root,
    encoding: 'utf8',
  }).trim()
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  writeFileSync(join(folder, 'core.json'), tsconfig('core.mts', [], ['ES2022']))
  writeFileSync(join(folder, 'browser.json'), tsconfig('browser.mts', [], ['ES2022']))
  writeFileSync(join(folder, 'node.json'), tsconfig('node.mts', ['node'], ['ES2022', 'DOM']))
  writeFileSync(join(folder, 'node16.json'), tsconfig('node16.cts', ['node'], ['ES2022', 'DOM'], 'Node16'))
  run('npm', 'install', '--silent', '--no-audit', '--no-fund', `./${tarball}`, ...COMPANIONS)
  for (const [file, text, [program, ...args], expected] of programs) {
    writeFileSync(join(folder, file), text)
    const printed = run(program, ...args).trim()
    if (printed !== expected)
      throw new Error(`${file}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(printed)}`)
    console.log(`${file}: ${printed || 'no type errors'}`)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
