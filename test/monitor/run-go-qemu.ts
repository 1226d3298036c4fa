// `tsx test/monitor/run-go-qemu.ts`: a client that no one here wrote, go-qemu, watches and steers a machine of this package.
// Needs Go and go-qemu: on Debian, "apt-get install golang-go golang-github-digitalocean-go-qemu-dev".

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Machine } from '../../src/machine/machine.js'
import { serve } from '../../src/monitor/server/serve.js'

const SOURCE = fileURLToPath(new URL('go-qemu/main.go', import.meta.url))
/** Where Debian keeps the sources of Go libraries. */
const GO_LIBRARIES = '/usr/share/gocode'
const EXPECTED = [
  'version 7.2.0',
  'status running',
  'GUEST_PANICKED {"action":"pause"}',
  'STOP null',
  'status guest-panicked',
  'RESUME null',
  'status running',
  'error The command nope has not been found',
]

if (!existsSync(join(GO_LIBRARIES, 'src/github.com/digitalocean/go-qemu'))) {
  console.error('go-qemu is not there: apt-get install golang-go golang-github-digitalocean-go-qemu-dev')
  process.exit(2)
}
const folder = mkdtempSync(join(tmpdir(), 'go-qemu-'))
const program = join(folder, 'watch')
const env = { ...process.env, GO111MODULE: 'off', GOPATH: GO_LIBRARIES, GOCACHE: join(folder, 'cache') }
execFileSync('go', ['build', '-o', program, SOURCE], { env, stdio: 'inherit' })

const machine = new Machine({ onPanic: 'preserve', qemu: '7.2' })
const path = join(folder, 'qmp')
const server = await serve(machine, { qmp: [`unix:${path}`] })
const child = spawn(program, [path], { stdio: ['ignore', 'pipe', 'inherit'] })
const lines: string[] = []
let pending = ''
child.stdout.setEncoding('utf8').on('data', (text: string) => {
  const parts = (pending + text).split('\n')
  pending = parts.pop() ?? ''
  for (const line of parts) {
    console.log(line)
    lines.push(line)
    if (line === 'status running' && lines.length === 2) machine.bus.outb(0x505, 1)
  }
})
const [exitCode] = (await once(child, 'close')) as [number | null]
await server.close()
rmSync(folder, { recursive: true, force: true })
const isAsExpected = exitCode === 0 && JSON.stringify(lines) === JSON.stringify(EXPECTED)
console.log(isAsExpected ? 'go-qemu saw the panic and let the guest go on' : `expected: ${EXPECTED.join(' | ')}`)
process.exitCode = isAsExpected ? 0 : 1
