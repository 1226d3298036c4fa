// `tsx test/libvirt/recording/record-launch.ts`: starts QEMU with pvpanic's options and reads a port, or notes why it refuses.

import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { QEMU_PROGRAM, qemuVersion } from '../../qemu/qemu-process.js'

/** A command line, and the port that is read. */
const CASES: readonly (readonly [args: readonly string[], port: number])[] = [
  [['-device', 'pvpanic'], 0x505],
  [['-device', 'pvpanic,events=1'], 0x505],
  [['-device', 'pvpanic,events=0'], 0x505],
  [['-device', 'pvpanic,events=0x2'], 0x505],
  [['-device', 'pvpanic,events=010'], 0x505],
  [['-device', 'pvpanic,events=255,events=5'], 0x505],
  [['-device', '{"driver":"pvpanic","events":2}'], 0x505],
  [['-device', 'pvpanic', '-global', 'pvpanic.events=1'], 0x505],
  [['-device', 'pvpanic,events=2', '-global', 'pvpanic.events=1'], 0x505],
  [['-device', 'pvpanic', '-global', 'driver=pvpanic,property=events,value=6'], 0x505],
  [['-device', 'pvpanic,ioport=03010,events=5'], 0o3010],
  [['-device', 'pvpanic,ioport=0x600'], 0x600],
  [['-device', 'pvpanic,bus=isa.0,events=1'], 0x505],
  [['-device', 'driver=pvpanic,id=p,events=1'], 0x505],
  [['--device', 'pvpanic,events=1'], 0x505],
  [['-device', 'pvpanic,events=256'], 0x505],
  [['-device', 'pvpanic,events=300'], 0x505],
  [['-device', 'pvpanic,events='], 0x505],
  [['-device', '{"driver":"pvpanic","events":"1"}'], 0x505],
  [['-device', 'pvpanic,ioport=1e3'], 1000],
  [['-device', 'pvpanic,ioport=09'], 9],
  [['-device', 'pvpanic,bus=foo'], 0x505],
  [['-device', 'pvpanic,id=0'], 0x505],
  [['-device', 'pvpanic', '-global', 'pvpanic.events=256'], 0x505],
  [['-device', 'pvpanic', '-global', 'pvpanic.events=x'], 0x505],
  [['-device', 'pvpanic', '-global', 'pvpanic.a.b=1'], 0x505],
  [['-device', 'pvpanic', '-global', 'other.a.b,c=1'], 0x505],
  [['-device', 'pvpanic', '-global', 'PVPANIC.events=1'], 0x505],
  [['-device'], 0x505],
  [['-action', 'panic=pause,watchdog=none', '-device', 'pvpanic,events=1'], 0x505],
  [['-action', 'watchdog=foo'], 0x505],
]

const outcomes = CASES.map(([args, port]) => {
  // A refused one ends by itself; another has answered long before its time is up.
  const own = ['-nodefaults', '-display', 'none', '-S', '-qtest', 'stdio', '-qtest-log', 'none']
  const { stdout, stderr, status } = spawnSync(QEMU_PROGRAM, [...own, ...args], {
    encoding: 'utf8',
    input: `inb ${port}\n`,
    timeout: 2000,
  })
  const [, value] = /^OK (0x[0-9a-f]+)$/m.exec(stdout) ?? []
  if (value !== undefined) return { arguments: args, port, value: Number(value) }
  if (status !== 1) throw new Error(`${args.join(' ')}: neither an answer nor a refusal: ${stdout}${stderr}`)
  return { arguments: args, refusal: stderr.replace(/^[^:]+: /, '').trimEnd() }
})
const lines = outcomes.map((outcome) => `    ${JSON.stringify(outcome)}`).join(',\n')
const text = `{\n  "program": ${JSON.stringify(await qemuVersion())},\n  "outcomes": [\n${lines}\n  ]\n}\n`
writeFileSync(new URL('../recordings/launch.json', import.meta.url), text)
console.log(`${outcomes.length} command lines`)
