// The situation that the proposal of 2013 is about, step by step: QEMU 1.5.0 as it was recorded, and a Machine beside it.

import type { MachineOptions } from '../../src/machine/machine-options.js'
import { type Header, type LifeLine, readRecording, type Step } from '../recordings/recording.js'
import { Replay } from '../recordings/replay.js'

/** A machine of the proposal, and how the recorded program was made one. */
interface Situation {
  readonly name: string
  readonly options: MachineOptions
  readonly recorded: string
}

const PC_1_5 = { qemu: '1.5.0', machineType: 'pc-1.5' } as const

export const SITUATIONS: readonly Situation[] = [
  { name: 'builtin', options: PC_1_5, recorded: 'life-panicCont' },
  { name: 'option 2a', options: { ...PC_1_5, iobase: 0, secondIobase: 0x505 }, recorded: 'life-option2a' },
]

/** What happens to it, up to the first run after the reset. */
export interface SituationStep {
  readonly situation: string
  readonly recorded: Step
  readonly ours: Step
}

export function situationSteps(): SituationStep[] {
  const { header, lines } = readRecording<Header, LifeLine>('1.5.0', 'lives')
  return SITUATIONS.flatMap(({ name, options, recorded: title }) => {
    const life = lines.find((line) => line.title === title)
    if (life === undefined) throw new Error(`1.5.0 has no recording ${title}`)
    const until = life.steps.findIndex(({ events }) => events?.some(({ event }) => event === 'RESUME'))
    const steps = life.steps.slice(0, until + 1)
    const replay = new Replay({ program: header.program, arguments: [] }, options)
    const ours = replay.steps(steps.map(({ input }) => input))
    return steps.map((recorded, index) => ({ situation: name, recorded, ours: ours[index] ?? { input: '' } }))
  })
}

/** "GUEST_PANICKED{pause} STOP, guest-panicked" */
export function inWords({ reply, events = [], runState }: Step): string {
  const said = typeof reply === 'string' || reply === undefined ? (reply ?? '') : answer(reply)
  const told = events.map(
    ({ event, data }) => `${event}${data?.action === undefined ? '' : `{${String(data.action)}}`}`,
  )
  return [said, told.join(' '), runState ?? ''].filter((part) => part !== '').join(', ')
}

function answer(reply: Exclude<Step['reply'], string | undefined>): string {
  if ('error' in reply) return `"${reply.error.desc}"`
  return JSON.stringify(reply.return)
}
