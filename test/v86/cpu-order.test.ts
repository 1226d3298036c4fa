// A guest's processor in v86 beside the same guest in QEMU, by TCG and by KVM. docs/conformance.md has it as a table.

import { describe, expect, it } from 'vitest'
import { parseSystemOptions } from '../../src/qemu-options/command-line.js'
import { versionIn } from '../qemu/reference.js'
import { type CpuCase, type CpuOutcome, guestThatWrites, readCpuOrder, titleOf } from './cpu-order.js'
import { atRest, prepare } from './guest.js'

/**
 * What v86 does otherwise on purpose: it stops at the very OUT, where QEMU's main loop stops the processor a little later
 * and looks at a shutdown before it looks at a stop.
 */
const OURS: Readonly<Record<string, string>> = {
  '1': 'PANICKED{poweroff} STOP SHUTDOWN exit 0',
  '1 with panic=exit-failure': 'PANICKED{poweroff} STOP SHUTDOWN exit 1',
  '1 with panic=exit-failure, shutdown=pause': 'PANICKED{poweroff} STOP SHUTDOWN guest-panicked',
  '4, 1 with panic=pause, shutdown=pause': 'PVSHUTDOWN SHUTDOWN STOP shutdown',
  '4, 1 with panic=none, shutdown=pause': 'PVSHUTDOWN SHUTDOWN STOP shutdown',
}
/** The one case in which TCG and KVM differ: before 10.0, TCG goes on to a second panic. */
const TCG_GOES_ON = '1, 1 with panic=pause'

const runs = readCpuOrder()
const TCG_7_2 = runs.findIndex(({ program, accelerator }) => accelerator === 'tcg' && versionIn(program) === '7.2.22')

/** "PANICKED{pause} STOP guest-panicked" */
function inWords({ events, runState, exitCode }: Omit<CpuOutcome, keyof CpuCase>): string {
  const names = events.map(({ event, data }) => {
    return `${event.replace('GUEST_', '')}${data?.action === undefined ? '' : `{${String(data.action)}}`}`
  })
  return [...names, exitCode === undefined ? runState : `exit ${exitCode}`].join(' ')
}

async function inV86(qemu: string, { bytes, actions }: CpuCase): Promise<string> {
  const action = Object.entries({ panic: 'shutdown', ...actions }).map(([name, value]) => `${name}=${value}`)
  const { machine } = parseSystemOptions(
    ['-as-qemu', qemu, '-device', 'pvpanic', '-action', action.join(',')],
    () => {},
  )
  const events: CpuOutcome['events'][number][] = []
  const guest = await prepare(guestThatWrites(bytes), machine)
  guest.machine.on('*', ({ event, data }) => events.push(data === undefined ? { event } : { event, data: { ...data } }))
  guest.emulator.run()
  await atRest(guest)
  const { runState, exitCode } = guest.machine
  return inWords({ events, ...(exitCode === undefined ? { runState } : { exitCode }) })
}

describe.each(['7.2.22', '11.1.3'])('a guest that writes, as QEMU %s', (qemu) => {
  const here = runs.filter((run, index) => versionIn(run.program) === qemu && index !== TCG_7_2)
  const [first] = here

  it.each(first?.outcomes ?? [])('$bytes $actions', async (each) => {
    const title = titleOf(each)
    const theirs = here.map(({ outcomes }) => inWords(outcomes.find((other) => titleOf(other) === title) ?? each))
    const ours = await inV86(qemu, each)
    const isOnPurpose = title in OURS && !theirs.includes(ours)
    expect(ours).toBe(isOnPurpose ? OURS[title] : theirs[0])
    expect(new Set(theirs).size, theirs.join('; ')).toBe(1)
  })
})

it('QEMUs differ among themselves in one case only', () => {
  const tcg = runs[TCG_7_2]?.outcomes ?? []
  const kvm = runs[TCG_7_2 + 1]?.outcomes ?? []
  const different = tcg.filter((each, index) => inWords(each) !== inWords(kvm[index] ?? each)).map(titleOf)
  expect(different).toEqual([TCG_GOES_ON])
})
