// `npm run record`: makes every recording anew from the QEMU that is installed.

import { mkdirSync } from 'node:fs'
import { qemuVersion } from '../qemu/qemu-process.js'
import { recordDebugExit } from './record-debug-exit.js'
import { recordFloppy } from './record-floppy.js'
import { recordLifecycle } from './record-lifecycle.js'
import { recordPorts } from './record-ports.js'

const RECORDERS = {
  ports: recordPorts,
  lifecycle: recordLifecycle,
  'debug-exit': recordDebugExit,
  floppy: recordFloppy,
}

const wanted = process.argv.slice(2)
for (const name of wanted) {
  if (!(name in RECORDERS)) {
    console.error(
      `no recorder named "${name}"; there are: ${Object.keys(RECORDERS).join(', ')} (none named: all of them)`,
    )
    process.exit(2)
  }
}
try {
  const program = await qemuVersion()
  mkdirSync(new URL('data/', import.meta.url), { recursive: true })
  for (const [name, record] of Object.entries(RECORDERS)) {
    if (wanted.length === 0 || wanted.includes(name)) await record(program)
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}
