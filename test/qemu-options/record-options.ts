// `tsx test/qemu-options/record-options.ts`: gives options to the QEMU that is installed, or that the environment variable QEMU
// names, and records what it says and how it exits.

import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { seriesOf } from '../monitor/qmp-recording.js'
import { QEMU_PROGRAM, qemuVersion } from '../qemu/qemu-process.js'

/** How long a QEMU that accepts its options is let run: it waits for `cont`. */
const ACCEPTED_MS = 4000
const AT_ONE_TIME = 4

const CASES: readonly (readonly string[])[] = [
  ...[['-foo'], ['--foo'], ['-qtest'], ['-action']],
  ...[
    ['-action', 'panic=foo'],
    ['-action', 'foo=pause'],
    ['-action', 'panic'],
    ['-action', 'help'],
    ['-action', ''],
  ],
  ...[
    ['-action', 'panic=pause,'],
    ['-action', 'panic=pause,,x=1'],
    ['-action', 'reboot=poweroff'],
    ['-action', 'shutdown=reset'],
  ],
  ...[
    ['-action', 'watchdog=foo'],
    ['-action', 'watchdog=none,panic=none,panic=exit-failure'],
    ['--action', 'panic=none'],
  ],
  ...[
    ['-device', 'pvpanic'],
    ['-device', 'pvpanic,ioport=0xffff,events=255'],
    ['-device', 'driver=pvpanic,ioport=5'],
  ],
  ...['0x10000', '-1', '', 'abc', '0x', '1e0', '0b11', '99999999999999999999'].map((port) => [
    '-device',
    `pvpanic,ioport=${port}`,
  ]),
  ...['256', '-1', '3x', 'on', '', '0x3', '03', '08', ' 3', '+3'].map((events) => [
    '-device',
    `pvpanic,events=${events}`,
  ]),
  ...[
    ['-device', 'pvpanic,ioport'],
    ['-device', 'pvpanic,foo=1'],
    ['-device', 'pvpanic,iobase=1'],
    ['-device', 'pvpanic,addr=1'],
  ],
  ...[
    ['-device', 'pvpanic,help'],
    ['-device', 'pvpanic,ioport=1,help'],
    ['-device', 'pvpanic,?'],
    ['-device', 'foo'],
  ],
  ...[
    ['-device', 'i8257'],
    ['-device', 'pvpanic,id=0'],
    ['-device', 'ioport=5'],
    ['-device', ''],
    ['-device', 'pvpanic,bus=foo'],
  ],
  ...[
    ['-device', 'pvpanic,bus=isa.0'],
    ['-device', 'pvpanic,id=a', '-device', 'pvpanic,id=a'],
  ],
  ...[
    ['-device', 'pvpanic', '-device', 'pvpanic'],
    ['-device', 'pvpanic', '-device', 'pvpanic,ioport=0x600'],
  ],
  ...[
    ['-device', '{"driver":"pvpanic","ioport":1285}'],
    ['-device', '{"driver":"pvpanic","ioport":"1285"}'],
  ],
  ...[
    ['-device', '{"driver":"pvpanic","ioport":70000}'],
    ['-device', '{"driver":"pvpanic","foo":1}'],
    ['-device', '{"driver":"pvpanic"'],
  ],
  ...[
    ['-global', 'pvpanic.ioport=0', '-device', 'pvpanic'],
    ['-global', 'pvpanic.ioport=0x10000', '-device', 'pvpanic'],
  ],
  ...[
    ['-global', 'pvpanic.foo=1', '-device', 'pvpanic'],
    ['-global', 'pvpanic.ioport=0x10000'],
    ['-global', 'pvpanic.ioport'],
  ],
  ...[
    ['-global', 'driver=pvpanic,property=ioport,value=0x10000', '-device', 'pvpanic'],
    ['-global', 'foo'],
  ],
  ...[
    ['-global', 'pvpanic.events=0', '-device', 'pvpanic,events=1'],
    ['-global', 'pvpanic.ioport=x', '-device', 'pvpanic,ioport=1'],
  ],
  ...[
    ['-M', 'none', '-device', 'pvpanic'],
    ['-M', 'foo'],
    ['-M', 'pc-i440fx-9.9'],
    ['-M', 'q35', '-device', 'pvpanic'],
  ],
  ...[
    ['-machine', 'pc-i440fx-2.4', '-device', 'pvpanic'],
    ['-machine', 'type=pc'],
    ['-qtest', 'unix:/nonexistent/qtest'],
  ],
  ...[
    ['-qtest', 'unix:/nonexistent/qtest,server=on,wait=off'],
    ['-qtest', 'tcp:127.0.0.1:1'],
    ['-qmp', 'unix:/nonexistent/qmp'],
  ],
  ...[
    ['-qmp', 'unix:/nonexistent/qmp,server=on,wait=off'],
    ['-chardev', 'foo'],
    ['-chardev', 'foo,id=x'],
    ['-chardev', 'socket'],
  ],
  ...[
    ['-chardev', 'socket,id=x,path=x,server=maybe'],
    ['-chardev', 'socket,id=x,path=x,server=on,foo=1'],
    ['-mon', 'y'],
  ],
  ...[
    ['-mon', 'y,mode=foo'],
    ['-mon', 'foo=1'],
    ['-mon', 'mode=control'],
    ['-uuid', 'foo'],
    ['-name', ''],
    ['-name', 'guest=x'],
  ],
  ...[
    ['-no-shutdown', '-no-reboot'],
    ['-m', '64M'],
    ['-display', 'none'],
    ['-accel', 'tcg'],
  ],
  ...[
    ['-name', 'foo,bar=1'],
    ['-name', 'foo,bar'],
    ['-name', 'foo,debug-threads=on,process=x'],
    ['-name', 'foo,debug-threads=x'],
    ['-name', ',x=1'],
    ['-name', 'help'],
  ],
  ...['x', ' ', '{}', '"', '}', ' 1', '[1', '@}'].map((more) => ['-device', `{"driver":"pvpanic"}${more}`]),
  ...['{}', '{"driver":1}', '{"driver":null}', '{"driver":"pvpanic","id":1}', '{"driver":"pvpanic","bus":"x"}'].map(
    (device) => ['-device', device],
  ),
  ...[',panic=none', ',', 'panic=none,,', 'panic=none,,,x', '=x', 'nopanic', 'panic=none,?'].map((action) => [
    '-action',
    action,
  ]),
  ...[',ioport=1', 'pvpanic,,ioport=1', 'pvpanic,ioport=x,bus=x'].map((device) => ['-device', device]),
  ...[
    ['-chardev', 'socket,id=x,path=/nonexistent/s,server=on,wait=off'],
    ['-chardev', 'socket,id=x,path=/nonexistent/s'],
    ['-chardev', 'socket,id=x,path=/nonexistent/s', '-mon', 'chardev=x,mode=control'],
    ['-chardev', 'socket,id=x,host=127.0.0.1,port=1'],
    ['-chardev', 'socket,id=0,path=/nonexistent/s,server=on,wait=off'],
    ['-chardev', 'stdio,id=a b'],
    ['-chardev', 'stdio,id=x', '-chardev', 'stdio,id=x'],
  ],
  ...[
    ['pvpanic,ioport=x', 'foo'],
    ['foo', 'pvpanic,ioport=x'],
    ['pvpanic', 'foo'],
    ['pvpanic', 'pvpanic', 'foo'],
    ['pvpanic,id=0', 'foo'],
    ['foo', 'pvpanic,id=0'],
    ['pvpanic,help', 'foo'],
    ['foo', 'pvpanic,help'],
    ['foo', 'ioport=1'],
    ['foo', '{"driver":"pvpanic"'],
    ['isa-debug-exit', 'pvpanic'],
  ].map((devices) => devices.flatMap((device) => ['-device', device])),
  ...['', ',iobase=0xf4', ',iobase=x', ',iobase=0x100000000', ',foo=1', ',help', ',bus=x', ',id=0'].map((more) => [
    '-device',
    `isa-debug-exit${more}`,
  ]),
  ...['0.5G', '64.5M', '1e2', '-1', 'x', '', '0', '64B', '1.5', '128MB', '.5G', '0.G', '65536k', ' 64'].map((size) => [
    '-m',
    size,
  ]),
  ...['+64', '010', '1.5B', '0x1.8', '0x40B', '99999999999999999999', 'size=64,foo=1'].map((size) => ['-m', size]),
  ...[
    ['-help', '-foo'],
    ['-name', 'foo,bar=1', '-h'],
    ['-name', 'foo,bar=1', '-foo'],
    ['-M', 'help', '-foo'],
    ['-machine', 'type=help'],
  ],
  ...[
    ['-audio', 'none'],
    ['-audiodev', 'none,id=x'],
    ['-no-user-config'],
    ['-cpu', 'max'],
    ['--preconfig'],
    ['-pidfile', '/nonexistent/pid'],
    ['-mon', 'x,mode=control'],
  ],
  ...['2', 'cpus=2,maxcpus=4', 'foo', 'cpus=2,foo=1', ''].map((count) => ['-smp', count]),
  ...['c', 'order=cd,once=d', 'menu=on,strict=on', 'z', 'foo=1', 'once=z', ''].map((order) => ['-boot', order]),
  ...['base=utc', 'clock=vm,driftfix=slew', 'foo=1', 'foo'].map((clock) => ['-rtc', clock]),
  ...['timestamp=on', 'guest-name=off', 'foo=1', 'timestamp'].map((message) => ['-msg', message]),
  ...['async-teardown=on', 'async-teardown=x', 'exit-with-parent=on', 'foo=1', ''].map((how) => ['-run-with', how]),
]

interface Outcome {
  readonly arguments: readonly string[]
  readonly stdout: string
  readonly stderr: string
  /** null for one that was still running, and was ended. */
  readonly exitCode: number | null
}

async function run(args: readonly string[]): Promise<Outcome> {
  const child = spawn(QEMU_PROGRAM, ['-nodefaults', '-display', 'none', '-S', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  let accepted = false
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const timer = setTimeout(() => {
    accepted = true
    child.kill('SIGKILL')
  }, ACCEPTED_MS)
  const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve))
  clearTimeout(timer)
  return { arguments: args, stdout, stderr, exitCode: accepted ? null : exitCode }
}

const program = await qemuVersion()
const outcomes: Outcome[] = []
for (let from = 0; from < CASES.length; from += AT_ONE_TIME) {
  outcomes.push(...(await Promise.all(CASES.slice(from, from + AT_ONE_TIME).map(run))))
}
const url = new URL(`recordings/options-${seriesOf(program)}.json.gz`, import.meta.url)
writeFileSync(url, gzipSync(JSON.stringify({ program, outcomes }), { level: 9 }))
console.log(`${outcomes.length} command lines`)
