import { describe, expect, it } from 'vitest'
import { PORT_RECORDINGS, type PortsHeader } from './record-ports.js'
import { readRecording, type Step } from './recording.js'
import { Replay } from './replay.js'

describe('random port operations and commands do what QEMU recorded', () => {
  it.each(PORT_RECORDINGS)('%s', (name) => {
    const { header, lines } = readRecording<PortsHeader, Step>(name)
    const { iobase, events, actions } = header
    const replay = new Replay(actions, { iobase, events })
    let runState = 'running'

    const ours = lines.map(({ input }) => {
      const step = replay.step(input, runState)
      runState = step.runState ?? runState
      return step
    })

    for (const [index, step] of ours.entries()) expect(step, `step ${index}`).toEqual(lines[index])
    expect(ours.length).toBe(1_500)
  })
})
