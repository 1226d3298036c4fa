// Records what QEMU tells of a guest that panics under each action: npx tsx test/testing/record-qemu-events.ts

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { QmpClientEvent } from '../../src/monitor/server/qmp-client.js'
import { QmpSocket } from '../../src/testing/engines/qemu/accept-qmp.js'
import { type QemuMachineChoices, qemuArguments } from '../../src/testing/engines/qemu/arguments.js'
import { checkInstalled, QemuProcess } from '../../src/testing/engines/qemu/process.js'
import { GuestRom } from '../../src/testing/index.js'
import { QEMU_PROGRAM, qemuVersion } from '../qemu/qemu-process.js'

/** What a command led to, until QEMU had nothing more to tell. */
export interface RecordedStep {
  readonly command: string
  /** QEMU's words, if it refused. */
  readonly refusal?: string
  readonly events: readonly QmpClientEvent[]
  /** What query-status told; absent if QEMU had ended. */
  readonly status?: string
  /** QEMU's exit code, if it had ended. */
  readonly exitCode?: number | null
}

export interface QemuEventsRecording {
  readonly qemu: string
  readonly scenarios: Record<string, { readonly choices: QemuMachineChoices; readonly steps: readonly RecordedStep[] }>
}

const QUIET_MS = 400

/** Panics twice, each time with a loaded crash kernel reported before. */
const rom = new GuestRom().outb(0x505, 2).outb(0x505, 1).outb(0x505, 2).outb(0x505, 1).halt().build()

/** Panic modes, and the commands given one after another. The guest waits for the first one. */
const SCENARIOS: Record<string, [QemuMachineChoices, readonly string[]]> = {
  preserve: [{ onPanic: 'preserve' }, ['cont', 'stop', 'cont', 'stop', 'system_powerdown', 'quit']],
  destroy: [{ onPanic: 'destroy' }, ['cont']],
  'destroy, exit code 1': [{ onPanic: 'destroy', panicExitCode: 1 }, ['cont']],
  'destroy, kept': [
    { onPanic: 'destroy', panicExitCode: 1, shutdownAction: 'pause' },
    ['cont', 'cont', 'system_reset', 'quit'],
  ],
  log: [{ onPanic: 'log' }, ['cont', 'system_reset', 'stop', 'system_reset', 'quit']],
  // As the machine itself goes on: these are its own commands.
  reset: [{ onPanic: 'reset' }, ['cont', 'system_reset', 'cont', 'quit']],
  'no reboot': [{ onPanic: 'preserve', rebootAction: 'shutdown' }, ['cont', 'system_reset']],
}

async function record(
  folder: string,
  choices: QemuMachineChoices,
  commands: readonly string[],
): Promise<RecordedStep[]> {
  const bios = join(folder, 'bios')
  const qmpSocket = join(folder, 'qmp')
  writeFileSync(bios, rom)
  const socket = await QmpSocket.listen(qmpSocket)
  const args = qemuArguments({ ...choices, files: { bios }, append: '', memory: 1, qmpSocket, accelerator: 'tcg' })
  const qemu = new QemuProcess(QEMU_PROGRAM, args, () => {})
  let exitCode: number | null | undefined
  void qemu.ended.then(({ code }) => {
    exitCode = code
  })
  let events: QmpClientEvent[] = []
  const qmp = await socket.accept((event) => events.push(event))
  socket.close()
  const steps: RecordedStep[] = []
  for (const command of commands) {
    events = []
    const answer = await qmp.execute(command).then(
      () => ({}),
      (error) => ({ refusal: error.message as string }),
    )
    await sleep(QUIET_MS)
    const status =
      exitCode === undefined ? ((await qmp.execute('query-status')) as { status: string }).status : undefined
    const end = status === undefined ? { exitCode: exitCode ?? null } : { status }
    steps.push({ command, ...answer, events, ...end })
  }
  qmp.close()
  qemu.kill()
  await qemu.ended
  return steps
}

await checkInstalled(QEMU_PROGRAM)
const recording: QemuEventsRecording = { qemu: await qemuVersion(), scenarios: {} }
for (const [name, [choices, commands]] of Object.entries(SCENARIOS)) {
  const folder = mkdtempSync(join(tmpdir(), 'record-qemu-events-'))
  recording.scenarios[name] = { choices, steps: await record(folder, choices, commands) }
  rmSync(folder, { recursive: true })
}
writeFileSync(new URL('qemu-events.json', import.meta.url), `${JSON.stringify(recording, null, 1)}\n`)
console.log(`${Object.keys(recording.scenarios).length} scenarios recorded from ${recording.qemu}`)
