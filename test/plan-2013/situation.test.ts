import { describe, expect, it } from 'vitest'
import { Machine } from '../../src/machine/machine.js'
import { SITUATIONS, situationSteps } from './situation.js'

describe('the situation of the proposal', () => {
  it.each([
    ['builtin', [['builtin', 0x505]]],
    [
      'option 2a',
      [
        ['builtin', 0],
        ['device', 0x505],
      ],
    ],
  ])('%s has its devices', (name, devices) => {
    const situation = SITUATIONS.find((each) => each.name === name)
    const { pvpanics } = new Machine(situation?.options)
    expect(pvpanics.map(({ source, iobase }) => [source, iobase])).toEqual(devices)
  })

  it('goes as QEMU 1.5.0 went', () => {
    const steps = situationSteps()
    expect(steps.map(({ ours }) => ours)).toEqual(steps.map(({ recorded }) => recorded))
    for (const { name } of SITUATIONS) {
      const here = steps.filter(({ situation }) => situation === name).map(({ recorded }) => recorded)
      expect(
        here.some(({ events }) => events?.[0]?.event === 'GUEST_PANICKED'),
        `${name}: a panic`,
      ).toBe(true)
      expect(
        here.some(({ reply }) => typeof reply === 'object' && 'error' in reply),
        `${name}: cont refused`,
      ).toBe(true)
      expect(
        here.some(({ runState }) => runState === 'paused'),
        `${name}: reset to paused`,
      ).toBe(true)
    }
  })
})
