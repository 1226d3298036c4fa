// Takes libvirt's numbers of states, reasons and lifecycle events out of its public header (Debian: libvirt-dev). Run:
// npx tsx test/libvirt/recording/record-numbers.ts [HEADER]

import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

const HEADER = process.argv[2] ?? '/usr/include/libvirt/libvirt-domain.h'
const ENUMERATORS =
  /\bVIR_DOMAIN_((?:EVENT_)?(?:RUNNING|BLOCKED|PAUSED|SHUTDOWN|SHUTOFF|CRASHED|STARTED|SUSPENDED|RESUMED|STOPPED)(?:_[A-Z_]+)?) *= (\d+)/g

const numbers = Object.fromEntries(
  [...readFileSync(HEADER, 'utf8').matchAll(ENUMERATORS)].map(([, name = '', number]) => [name, Number(number)]),
)
const program = `libvirt-domain.h of libvirt ${execFileSync('virsh', ['--version'], { encoding: 'utf8' }).trim()}`
const output = new URL('../recordings/numbers.json', import.meta.url)
writeFileSync(output, `${JSON.stringify({ program, numbers }, null, 1)}\n`)
console.log(`${Object.keys(numbers).length} numbers`)
