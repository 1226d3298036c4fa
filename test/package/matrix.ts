// Packs the package, installs it in an empty folder and uses it as its users do: every entry point, in each runtime, with
// each compiler and each vitest. `--quick`: this Node, and one version of each of the others. A word, such as `types`,
// leaves the other parts out.

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { argv, env, execPath, exit } from 'node:process'

const root = resolve(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'isa-pvpanic-matrix-'))
const isQuick = argv.includes('--quick')

const RUNTIMES = isQuick ? [] : ['node@22', 'node@24', 'node@26', 'bun@1', 'deno@2']
const COMPILERS = isQuick ? ['5.9'] : ['5.9', '6', '7']
const VITESTS = isQuick ? ['4'] : ['3', '4', '5']
const V86 = 'v86@0.5.462'

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const entries = Object.keys(manifest.exports)
  .filter((path) => path !== './package.json')
  .map((path) => path.replace('.', manifest.name))
const requirable = entries.filter((entry) => !entry.endsWith('/vitest'))
/** Those that browsers have too, whose users need no types of Node. */
const ANYWHERE = ['', '/firmware', '/libvirt', '/plan-2013', '/pci', '/qmp', '/qtest'].map(
  (path) => manifest.name + path,
)

const PANIC = `const machine = new Machine({ onPanic: 'preserve' })
machine.bus.outb(0x505, 1)
if (machine.runState !== 'guest-panicked') throw new Error(machine.runState)`
const GUEST = `const guest = await bootGuest()
const { event } = await guest.nextPanic()
await guest.dispose()
if (event !== 'panicked') throw new Error(event)`

const PROGRAMS = {
  'esm.mjs': `import { Machine } from 'isa-pvpanic'
import { bootGuest } from 'isa-pvpanic/testing'
${requirable.map((entry, index) => `import * as e${index} from '${entry}'`).join('\n')}
for (const entry of [${requirable.map((_, index) => `e${index}`)}]) if (Object.keys(entry).length < 2) throw new Error('empty')
${PANIC}
${GUEST}
console.log('ok')
`,
  'common.cjs': `const { Machine } = require('isa-pvpanic')
const { bootGuest } = require('isa-pvpanic/testing')
for (const entry of ${JSON.stringify(requirable)}) if (Object.keys(require(entry)).length < 2) throw new Error(entry)
${PANIC}
const main = async () => {
  if ((await import('isa-pvpanic')).Machine !== Machine) throw new Error('two classes')
  ${GUEST.replaceAll('\n', '\n  ')}
  console.log('ok')
}
main()
`,
}

const importsOf = (names: readonly string[]) =>
  names.map((name, index) => `export * as e${index} from '${name}'`).join('\n')
const QEMU_ALONE = `import { bootGuest } from 'isa-pvpanic/testing'
export const boot = () => bootGuest({ engine: 'qemu', iobase: 0x505 })
`
const MACHINE = `import { Machine } from 'isa-pvpanic'\n${PANIC}\n`

/** v86's own types need those of a page. */
const WITH_V86 = { types: ['node'], lib: ['ES2022', 'DOM'] }
/** What a compiler is to take, with `skipLibCheck: false`. */
const TYPE_CHECKS: readonly (readonly [
  name: string,
  text: string,
  options: { readonly module: string; readonly types?: readonly string[]; readonly lib?: readonly string[] },
])[] = [
  ['core.mts', MACHINE, { module: 'NodeNext' }],
  ['anywhere.mts', importsOf(ANYWHERE), { module: 'NodeNext' }],
  ['bundled.ts', importsOf(requirable), { module: 'Preserve', ...WITH_V86 }],
  ['node.mts', importsOf(requirable), { module: 'NodeNext', ...WITH_V86 }],
  ['node16.cts', importsOf(requirable), { module: 'Node16', ...WITH_V86 }],
  ['node16.mts', importsOf(requirable), { module: 'Node16', ...WITH_V86 }],
]

const MATCHERS = `import { bootGuest } from 'isa-pvpanic/testing'
import { expect, test } from 'vitest'
import 'isa-pvpanic/vitest'

test('a panic', async () => {
  const guest = await bootGuest()
  try {
    await guest.nextPanic()
    expect(guest).toHavePanicked()
    expect(guest).toHaveReported('panicked')
    expect(guest).toBeInRunState('guest-panicked')
    expect(guest.machine).not.toHaveExitCode(0)
    // @ts-expect-error: no such event
    expect(() => expect(guest).toHaveReported('panic')).toThrow()
  } finally {
    await guest.dispose()
  }
})
`

const failures: string[] = []
const run = (program: string, args: readonly string[], cwd: string) =>
  execFileSync(program, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...env, NO_COLOR: '1' },
  })
const install = (cwd: string, ...packages: readonly string[]) => {
  mkdirSync(cwd, { recursive: true })
  writeFileSync(join(cwd, 'package.json'), '{ "private": true }')
  const flags = ['--silent', '--no-audit', '--no-fund']
  run('npm', ['install', ...flags, ...packages], cwd)
  return join(cwd, 'node_modules')
}

function check(name: string, action: () => string): void {
  try {
    console.log(`${name.padEnd(34)} ${action()}`)
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    console.log(`${name.padEnd(34)} FAILED\n${stdout}${stderr || error}`)
    failures.push(name)
  }
}

function checkRuntimes(tarball: string): void {
  const cwd = join(folder, 'runtimes')
  install(cwd, tarball, V86)
  for (const [file, text] of Object.entries(PROGRAMS)) writeFileSync(join(cwd, file), text)
  const all: [name: string, program: string, args: string[]][] = [[`node ${process.version}`, execPath, []]]
  for (const runtime of RUNTIMES) {
    const [kind = ''] = runtime.split('@')
    const bin = join(install(join(folder, runtime), runtime), '.bin', kind)
    const version = run(bin, ['--version'], cwd)
      .split('\n')[0]
      ?.replace(/^deno |\(.*/g, '')
      .trim()
    all.push([`${kind} ${version}`, bin, kind === 'deno' ? ['run', '--allow-all'] : []])
  }
  for (const [name, program, args] of all) {
    for (const file of Object.keys(PROGRAMS)) check(`${name}: ${file}`, () => run(program, [...args, file], cwd).trim())
    const cli = 'node_modules/isa-pvpanic/dist/cli.js'
    check(`${name}: isa-pvpanic run`, () => {
      run(program, [...args, cli, 'run', '--expect', 'panic', '--json'], cwd)
      return 'exit code 0'
    })
  }
}

function checkTypes(tarball: string): void {
  for (const version of COMPILERS) {
    const cwd = join(folder, `typescript-${version}`)
    install(cwd, tarball, `typescript@${version}`, V86, '@types/node@22')
    const compile = (file: string, text: string, options: (typeof TYPE_CHECKS)[number][2], place = cwd) => {
      const { module, types = [], lib = ['ES2022'] } = options
      const resolution = module === 'Preserve' ? 'Bundler' : module
      writeFileSync(join(place, file), text)
      writeFileSync(
        join(place, 'tsconfig.json'),
        JSON.stringify({
          compilerOptions: {
            ...{ strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true, target: 'ES2022' },
            ...{ module, moduleResolution: resolution, types, lib },
          },
          files: [file],
        }),
      )
      check(
        `typescript ${version}: ${file}, ${module}`,
        () => run(join(cwd, 'node_modules/.bin/tsc'), [], place) || 'no errors',
      )
    }
    for (const [file, text, options] of TYPE_CHECKS) compile(file, text, options)
    const place = join(folder, `qemu-alone-${version}`)
    install(place, tarball, '@types/node@22')
    compile('qemu-alone.mts', QEMU_ALONE, { module: 'NodeNext', types: ['node'] }, place)
  }
}

function checkVitest(tarball: string): void {
  for (const version of VITESTS) {
    const cwd = join(folder, `vitest-${version}`)
    install(cwd, tarball, `vitest@${version}`, V86, 'typescript@5.9', '@types/node@22')
    writeFileSync(join(cwd, 'panic.test.ts'), MATCHERS)
    const options = { strict: true, skipLibCheck: false, noEmit: true, target: 'ES2022', lib: ['ES2022', 'DOM'] }
    const compilerOptions = { ...options, module: 'NodeNext', types: ['node'] }
    writeFileSync(join(cwd, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['panic.test.ts'] }))
    writeFileSync(join(cwd, 'package.json'), '{ "private": true, "type": "module" }')
    check(`vitest ${version}: types`, () => run(join(cwd, 'node_modules/.bin/tsc'), [], cwd) || 'no errors')
    check(`vitest ${version}: matchers`, () => {
      const output = run(join(cwd, 'node_modules/.bin/vitest'), ['run'], cwd)
      return /Tests\s+(.*)/.exec(output)?.[1] ?? output
    })
  }
}

try {
  const name = run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], root).trim()
  const tarball = join(folder, name)
  const parts = { runtimes: checkRuntimes, types: checkTypes, vitest: checkVitest }
  const wanted = Object.keys(parts).filter((part) => argv.includes(part))
  for (const [part, checkPart] of Object.entries(parts))
    if (wanted.length === 0 || wanted.includes(part)) checkPart(tarball)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
if (failures.length > 0) {
  console.log(`\nfailed: ${failures.join('; ')}`)
  exit(1)
}
