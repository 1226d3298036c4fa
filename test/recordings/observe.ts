// Gives one input, written as in a recording, to a running QEMU.

import { OutputLost } from '../qemu/conversation.js'
import { ENDED_BY_SIGNAL, type Observation, type QemuProcess, type QmpReply } from '../qemu/qemu-process.js'
import type { Step } from './recording.js'

const QTEST_COMMAND = /^(?:in|out)[bwl] |^(?:read|write|memset)/
const SIGNAL = /^SIG[A-Z]+$/

/** Whether `input` goes to the qtest socket. */
export function isQtestInput(input: string): boolean {
  return QTEST_COMMAND.test(input)
}

/** Runs `input` and tells what it caused; `runState` is left out when it is still `before`. */
export async function observeStep(qemu: QemuProcess, input: string, before: string | undefined): Promise<Step> {
  const { reply, events, runState, exitCode } = await observeInput(qemu, input)
  return {
    input,
    ...(reply !== undefined && { reply }),
    ...(events.length > 0 && { events }),
    ...(runState !== undefined && runState !== before && { runState }),
    ...(exitCode !== undefined && { exitCode }),
  }
}

/**
 * Runs `input` and tells what it caused.
 * @throws {OutputLost} if a signal ended QEMU: on a busy machine some versions abort on their way out, now and then.
 */
export async function observeInput(qemu: QemuProcess, input: string): Promise<Observation<string | QmpReply>> {
  const observation = await observe(qemu, input)
  if (observation.exitCode === ENDED_BY_SIGNAL) throw new OutputLost(`QEMU did not get through ${input}`)
  return observation
}

function observe(qemu: QemuProcess, input: string): Promise<Observation<string | QmpReply>> {
  if (isQtestInput(input)) return qemu.observeQtest(input)
  if (SIGNAL.test(input)) return qemu.observeSignal(input as NodeJS.Signals)
  const space = input.indexOf(' ')
  if (space === -1) return qemu.observeQmp(input)
  return qemu.observeQmp(input.slice(0, space), JSON.parse(input.slice(space + 1)) as Record<string, unknown>)
}
