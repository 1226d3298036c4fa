import { describe, expect, it } from 'vitest'
import { qemuProfile } from '../../src/machine/qemu-versions.js'
import { versionIn } from '../qemu/reference.js'
import { type Actions, actionArguments } from './actions.js'
import {
  DEVICE,
  type LifecycleCase,
  type LifecycleState,
  type LifecycleStory,
  RUN_STATES,
  wayInto,
} from './record-lifecycle.js'
import { type Header, readRecording, recordedVersions, recordingNames } from './recording.js'
import { Replay } from './replay.js'

const versions = recordedVersions().filter((version) => recordingNames(version, 'lifecycle').length > 0)

describe.each(versions)('as QEMU %s', (version) => {
  const { header, lines: cases } = readRecording<Header, LifecycleCase>(version, 'lifecycle')
  const stories = readRecording<Header, LifecycleStory>(version, 'lifecycle-stories').lines
  const { program } = header
  const qemu = qemuProfile(versionIn(program))

  const replay = (actions: Actions, options: readonly string[]): Replay =>
    new Replay({ program, arguments: [...DEVICE, ...actionArguments(actions, qemu), ...options] })

  /** Reaches a state in the way in which the recording reached it. */
  function replayIn(state: LifecycleState, actions: Actions): Replay {
    const way = wayInto(state, actions, qemu)
    const machine = replay(way.actions, way.options)
    if (way.input !== undefined) machine.step(way.input, undefined)
    if (way.input !== undefined && qemu.actions) machine.step(`set-action ${JSON.stringify(actions)}`, undefined)
    return machine
  }

  it.each(RUN_STATES)('every input does in %s what was recorded', (state) => {
    const here = cases.filter(({ from }) => from === state)
    for (const { from, actions, step } of here) {
      const title = `${from}, ${step.input}, ${JSON.stringify(actions)}`
      expect(replayIn(from, actions).step(step.input, undefined), title).toEqual(step)
    }
    expect(here.length).toBeGreaterThan(0)
  })

  it.each(stories)('$title', ({ actions, startPaused, steps }) => {
    const machine = replay(actions, startPaused ? ['-S'] : [])
    expect(machine.steps(steps.map(({ input }) => input))).toEqual(steps)
  })
})
