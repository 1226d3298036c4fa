import { describe, expect, it } from 'vitest'
import { type LifecycleCase, type LifecycleState, type LifecycleStory, PANIC, RUN_STATES } from './record-lifecycle.js'
import { type Actions, type Header, readRecording } from './recording.js'
import { Replay } from './replay.js'

const cases = readRecording<Header, LifecycleCase>('lifecycle')
const stories = readRecording<Header, LifecycleStory>('lifecycle-stories')

/** Reaches a state in the way in which the recording reached it. */
function replayIn(state: LifecycleState, actions: Actions): Replay {
  switch (state) {
    case 'running':
      return new Replay(actions)
    case 'prelaunch':
      return new Replay(actions, { startPaused: true })
    case 'paused':
      return replayAfter(actions, 'stop', actions)
    case 'guest-panicked':
      return replayAfter({ ...actions, panic: 'pause' }, PANIC, actions)
    case 'shutdown':
      return replayAfter({ ...actions, shutdown: 'pause', reboot: 'shutdown' }, 'system_reset', actions)
  }
}

function replayAfter(first: Actions, input: string, then: Actions): Replay {
  const replay = new Replay(first)
  replay.step(input, undefined)
  replay.step(`set-action ${JSON.stringify(then)}`, undefined)
  return replay
}

describe(`every input does in every run state what ${cases.header.program} recorded`, () => {
  it.each(RUN_STATES)('%s', (state) => {
    const here = cases.lines.filter(({ from }) => from === state)
    for (const { from, actions, step } of here) {
      const title = `${from}, ${step.input}, ${JSON.stringify(actions)}`
      expect(replayIn(from, actions).step(step.input, undefined), title).toEqual(step)
    }
    expect(here.length).toBe(128)
  })
})

describe('inputs in a row do what QEMU recorded', () => {
  it.each(stories.lines)('$title', ({ actions, startPaused, steps }) => {
    const replay = new Replay(actions, { startPaused })
    let runState: string | undefined = startPaused ? 'prelaunch' : 'running'
    for (const [index, step] of steps.entries()) {
      expect(replay.step(step.input, runState), `step ${index}`).toEqual(step)
      runState = step.runState ?? runState
    }
  })
})
