// `npm run record`: makes every recording of a QEMU anew, or checks that some of them come out the same.

import { parseArgs } from 'node:util'
import { findReference, type Reference } from '../qemu/reference.js'
import { checkRecordings } from './check.js'
import { recordDebugExit } from './record-debug-exit.js'
import { recordFloppy } from './record-floppy.js'
import { recordLifecycle } from './record-lifecycle.js'
import { recordMachines } from './record-machines.js'
import { recordPci } from './record-pci.js'
import { recordPorts } from './record-ports.js'

const STEPS = 500

const RECORDERS: Readonly<Record<string, (reference: Reference, steps: number) => Promise<void>>> = {
  ports: recordPorts,
  lifecycle: recordLifecycle,
  'debug-exit': recordDebugExit,
  floppy: recordFloppy,
  machines: recordMachines,
  pci: recordPci,
}

const USAGE = `usage: record [--qemu PATH] [--steps N] [${Object.keys(RECORDERS).join('|')}]...
         makes these recordings of the QEMU at PATH, all of them if none is named; N steps of each random stream, ${STEPS}
       record [--qemu PATH] --check
         makes some of each again and compares
The QEMU is the installed one, or the one that the environment variable QEMU names, unless PATH is given.`

try {
  const { values, positionals } = parseArgs({
    options: {
      qemu: { type: 'string' },
      steps: { type: 'string', default: String(STEPS) },
      check: { type: 'boolean' },
    },
    allowPositionals: true,
  })
  const unknown = positionals.find((name) => !Object.hasOwn(RECORDERS, name))
  const steps = Number(values.steps)
  if (unknown !== undefined || !Number.isSafeInteger(steps) || steps < 1) throw new TypeError(USAGE)
  if (values.check === true && positionals.length > 0) throw new TypeError(USAGE)
  const reference = await findReference(values.qemu)
  if (values.check === true) process.exitCode = (await checkRecordings(reference)) === 0 ? 0 : 1
  else {
    console.log(reference.title)
    for (const [name, record] of Object.entries(RECORDERS)) {
      if (positionals.length === 0 || positionals.includes(name)) await record(reference, steps)
    }
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = error instanceof TypeError ? 2 : 1
}
