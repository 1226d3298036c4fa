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

/** Each program, how to start it, and what it must print. */
const programs = [
  ['esm.mjs', BOTH, ['node', 'esm.mjs'], 'guest-panicked'],
  ['common.cjs', `const { Machine } = require('isa-pvpanic')\n${USE}`, ['node', 'common.cjs'], 'guest-panicked'],
  [
    'same-class.cjs',
    `const { MachineError } = require('isa-pvpanic')\nconst testing = require('isa-pvpanic/testing')
console.log(typeof testing.GuestRom, typeof MachineError)`,
    ['node', 'same-class.cjs'],
    'function function',
  ],
  ['strict.mts', BOTH, ['npx', 'tsc', '-p', 'tsconfig.json'], ''],
] as const

const TSCONFIG = {
  compilerOptions: {
    strict: true,
    skipLibCheck: false,
    noEmit: true,
    module: 'NodeNext',
    moduleResolution: 'NodeNext',
    target: 'ES2022',
    types: [],
    lib: ['ES2022', 'DOM'],
  },
  files: ['strict.mts'],
}

try {
  const tarball = execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], {
    cwd: root,
    encoding: 'utf8',
  }).trim()
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(TSCONFIG))
  run('npm', 'install', '--silent', '--no-audit', '--no-fund', `./${tarball}`, 'typescript@5.9')
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
