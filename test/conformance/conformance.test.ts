import { describe, expect, it } from 'vitest'
import { qemuProfile } from '../../src/machine/qemu-versions.js'
import { actionCombinations } from '../recordings/actions.js'
import { compareLife } from './compare.js'
import { type Life, POSITIONS, planLife, writesNear } from './lives.js'
import { shrink } from './shrink.js'
import { groupInputs, inProcessTarget, type Outcome, type Target } from './target.js'

const SEED = 1
const PROGRAM = 'QEMU emulator version 7.2.22'
const qemu = qemuProfile('7.2.22')
const ours = inProcessTarget(PROGRAM)
const LIVES = Array.from({ length: 32 }, (_, index) => planLife(SEED, index, { qemu, withMonitor: false }))

/** Machines that are like ours but for one mistake. */
function mistaken(mistake: (outcome: Outcome, group: readonly string[]) => Outcome): Target {
  return {
    name: 'mistaken',
    async start(setup) {
      const machine = await ours.start(setup)
      return { run: async (group) => mistake(await machine.run(group), group), dispose: () => machine.dispose() }
    },
  }
}

async function shortestDifference(subject: Target, lives: readonly Life[] = LIVES) {
  for (const life of lives) {
    const { difference } = await compareLife(ours, subject, life)
    if (difference !== undefined) return shrink(ours, subject, difference)
  }
  return undefined
}

describe('the comparison', () => {
  it('finds nothing between equal machines', async () => {
    expect(await shortestDifference(ours)).toBeUndefined()
  })

  it('finds a wrong reply, and the one input that shows it', async () => {
    const subject = mistaken((outcome, group) => ({
      ...outcome,
      replies: outcome.replies.map((reply, index) => (group[index] === 'inb 0x9' ? 'OK 0x00fe' : reply)),
    }))
    expect((await shortestDifference(subject))?.inputs).toEqual(['inb 0x9'])
  })

  it('finds events in the wrong order', async () => {
    const subject = mistaken((outcome) => ({ ...outcome, events: [...outcome.events].reverse() }))
    const difference = await shortestDifference(subject)
    expect(difference?.expected.events.length).toBeGreaterThan(1)
  })

  it('finds a wrong exit code', async () => {
    const subject = mistaken((outcome) => (outcome.exitCode === 1 ? { ...outcome, exitCode: 0 } : outcome))
    expect((await shortestDifference(subject))?.expected.exitCode).toBe(1)
  })

  it('finds a mistake that two inputs have to prepare', async () => {
    const subject: Target = {
      name: 'deaf after stop and cont',
      async start(setup) {
        const machine = await ours.start(setup)
        const seen: string[] = []
        return {
          async run(group) {
            seen.push(...group)
            const deaf = seen.includes('stop') && seen.includes('cont')
            const outcome = await machine.run(group)
            return deaf ? { ...outcome, events: outcome.events.filter(({ event }) => event !== 'RESET') } : outcome
          },
          dispose: () => machine.dispose(),
        }
      },
    }
    expect((await shortestDifference(subject))?.inputs.toSorted()).toEqual(['cont', 'stop', 'system_reset'])
  })
})

describe('the streams', () => {
  it('are the same for the same seed', () => {
    expect(planLife(SEED, 7, { qemu, withMonitor: true })).toEqual(planLife(SEED, 7, { qemu, withMonitor: true }))
    expect(planLife(SEED, 7, { qemu, withMonitor: true })).not.toEqual(
      planLife(SEED + 1, 7, { qemu, withMonitor: true }),
    )
  })

  it('pair every position of the device with every combination of actions', () => {
    const pairCount = POSITIONS.length * actionCombinations(qemu).length
    const pairs = new Set<string>()
    for (let index = 0; index < pairCount; index++) {
      const { iobase, actions } = planLife(SEED, index, { qemu, withMonitor: false }).setup
      pairs.add(JSON.stringify([iobase, actions]))
    }
    expect(pairs.size).toBe(pairCount)
  })

  it('are split into groups of which only the last input can cause an event', () => {
    for (const { setup, inputs } of LIVES) {
      const groups = groupInputs(inputs, setup.iobase)
      expect(groups.flat()).toEqual(inputs)
      const crowded = groups.filter((group) => group.length > 1)
      expect(crowded.flat().filter((input) => !/^(?:in|out)[bwl] /.test(input))).toEqual([])
      const notLast = crowded.flatMap((group) => group.slice(0, -1))
      expect(notLast.filter((input) => writesNear(setup.iobase, input))).toEqual([])
    }
  })
})
