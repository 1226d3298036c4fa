// `npx tsx test/monitor/record-types.ts [PROGRAM...]`: what real QEMUs tell of the types that a Machine has.

import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

/** What is asked; of a list of types only those that a Machine has are kept. */
export const QUESTIONS: readonly (readonly [command: string, args: Readonly<Record<string, unknown>>])[] = [
  ['qom-list-types', {}],
  ['qom-list-types', { implements: 'isa-device' }],
  ['qom-list-types', { implements: 'device', abstract: false }],
  ['qom-list-types', { implements: 'pvpanic' }],
  ['qom-list-types', { implements: 'foo' }],
  ['qom-list-types', { implements: 5 }],
  ['qom-list-types', { abstract: 'yes' }],
  ['device-list-properties', { typename: 'pvpanic' }],
  ['device-list-properties', { typename: 'isa-debug-exit' }],
  ['device-list-properties', { typename: 'isa-pvpanic' }],
  ['device-list-properties', { typename: 'isa-device' }],
  ['device-list-properties', {}],
  ['query-machines', {}],
]
const KEPT_TYPES = ['pvpanic', 'isa-debug-exit']
const KEPT_OF_MACHINE = ['name', 'is-default', 'deprecated', 'alias']

interface Reply {
  readonly return?: unknown
  readonly error?: unknown
  readonly QMP?: { readonly version: { readonly qemu: Readonly<Record<string, number>> } }
}

/** Without the types that no Machine has, and what a machine type says of processors and memory. */
function reduced(command: string, reply: Reply): unknown {
  if (!Array.isArray(reply.return)) return { error: reply.error }
  const list = reply.return as Readonly<Record<string, unknown>>[]
  if (command === 'qom-list-types') {
    return { return: list.filter(({ name }) => KEPT_TYPES.includes(String(name))).toSorted(byName) }
  }
  if (command !== 'query-machines') return { return: list }
  // Xen's are not in every QEMU of a version.
  const own = list.filter(({ name }) => !String(name).startsWith('xen'))
  const kept = own.map((type) =>
    Object.fromEntries(Object.entries(type).filter(([key]) => KEPT_OF_MACHINE.includes(key))),
  )
  return { return: kept.toSorted(byName) }
}

export const byName = (a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): number =>
  String(a.name) < String(b.name) ? -1 : 1

async function ask(program: string): Promise<unknown> {
  const qemu = spawn(program, ['-nodefaults', '-display', 'none', '-S', '-qmp', 'stdio'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: qemu.stdout })[Symbol.asyncIterator]()
  const read = async () => JSON.parse((await lines.next()).value as string) as Reply
  const greeting = await read()
  const say = (execute: string, args: object) => {
    qemu.stdin.write(`${JSON.stringify({ execute, arguments: args })}\n`)
    return read()
  }
  await say('qmp_capabilities', {})
  const answers = []
  for (const [command, args] of QUESTIONS)
    answers.push({ command, args, ...(reduced(command, await say(command, args)) as object) })
  qemu.stdin.end('{"execute":"quit"}')
  const { major, minor, micro } = greeting.QMP?.version.qemu ?? {}
  console.log(`${program}: ${major}.${minor}.${micro}, ${answers.length} answers`)
  return { qemu: `${major}.${minor}.${micro}`, answers }
}

if (process.argv[1]?.endsWith('record-types.ts')) {
  const programs = process.argv.length > 2 ? process.argv.slice(2) : ['qemu-system-x86_64']
  const recorded = []
  for (const program of programs) recorded.push(await ask(program))
  writeFileSync(new URL('recordings/types.json', import.meta.url), `${JSON.stringify(recorded)}\n`)
}
