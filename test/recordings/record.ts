// `npm run record`: makes every recording anew from the QEMU that is installed, or checks that some of it comes out the same.

import { mkdirSync } from 'node:fs'
import { qemuVersion } from '../qemu/qemu-process.js'
import { checkRecordings } from './check.js'
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
const unknown = wanted.find((name) => !(name in RECORDERS) && name !== '--check')
if (unknown !== undefined || (wanted.includes('--check') && wanted.length > 1)) {
  console.error(
    `usage: record [${Object.keys(RECORDERS).join('|')}]...   makes these recordings, all of them if none is named\n` +
      '       record --check   makes some of each again and compares',
  )
  process.exit(2)
}
try {
  const program = await qemuVersion()
  if (wanted.includes('--check')) process.exitCode = (await checkRecordings(program)) === 0 ? 0 : 1
  else await recordAll(program)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

async function recordAll(program: string): Promise<void> {
  mkdirSync(new URL('data/', import.meta.url), { recursive: true })
  for (const [name, record] of Object.entries(RECORDERS)) {
    if (wanted.length === 0 || wanted.includes(name)) await record(program)
  }
}
