// Records what QEMUs report of a guest whose processor writes to the port: tsx record-cpu-order.ts [--kvm] QEMU...

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { QmpSocket } from '../../src/testing/engines/qemu/accept-qmp.js'
import { QemuProcess } from '../../src/testing/engines/qemu/process.js'
import type { QemuEvent } from '../qemu/qemu-process.js'
import { findReference } from '../qemu/reference.js'
import { CPU_CASES, type CpuCase, type CpuOutcome, type CpuRun, cpuOrderUrl, guestThatWrites } from './cpu-order.js'

/** A guest has nothing more to say after so long. */
const QUIET_MS = 1_000

const { values, positionals } = parseArgs({ options: { kvm: { type: 'boolean' } }, allowPositionals: true })
const folder = mkdtempSync(join(tmpdir(), 'record-cpu-order-'))
const runs: CpuRun[] = []
for (const path of positionals) {
  const { title } = await findReference(path)
  for (const accelerator of values.kvm === true ? (['tcg', 'kvm'] as const) : (['tcg'] as const)) {
    const outcomes: CpuOutcome[] = []
    for (const each of CPU_CASES) outcomes.push(await record(path, accelerator, each))
    runs.push({ program: title, accelerator, outcomes })
    console.log(`${title}, ${accelerator}: ${outcomes.length} cases`)
  }
}
rmSync(folder, { recursive: true })
writeFileSync(cpuOrderUrl, `${JSON.stringify(runs)}\n`)

async function record(path: string, accelerator: 'tcg' | 'kvm', { bytes, actions }: CpuCase): Promise<CpuOutcome> {
  const bios = join(folder, 'bios')
  const socketPath = join(folder, 'qmp')
  writeFileSync(bios, guestThatWrites(bytes).build())
  const socket = await QmpSocket.listen(socketPath)
  const action = Object.entries({ panic: 'shutdown', ...actions }).map(([name, value]) => `${name}=${value}`)
  const args = [
    '-nodefaults',
    '-display',
    'none',
    '-S',
    '-accel',
    accelerator,
    '-bios',
    bios,
    '-qmp',
    `unix:${socketPath}`,
  ]
  const qemu = new QemuProcess(path, [...args, '-device', 'pvpanic', '-action', action.join(',')], () => {})
  let exitCode: number | null | undefined
  void qemu.ended.then(({ code }) => {
    exitCode = code
  })
  const events: QemuEvent[] = []
  const qmp = await socket.accept(({ event, data }) => events.push(data === undefined ? { event } : { event, data }))
  socket.close()
  await qmp.execute('cont')
  await sleep(QUIET_MS)
  const status = exitCode === undefined ? await qmp.execute('query-status') : undefined
  qmp.close()
  qemu.kill()
  await qemu.ended
  const [resume, ...rest] = events
  if (resume?.event !== 'RESUME') throw new Error(`${path} did not resume first: ${JSON.stringify(events)}`)
  if (status === undefined) return { bytes, actions, events: rest, exitCode: exitCode ?? -1 }
  return { bytes, actions, events: rest, runState: (status as { status: string }).status }
}
