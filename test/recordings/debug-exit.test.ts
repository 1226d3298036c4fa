import { describe, expect, it } from 'vitest'
import { type DebugExitCase, type DebugExitStory, debugExitArguments } from './record-debug-exit.js'
import { type Header, readRecording, recordedVersions, recordingNames } from './recording.js'
import { Replay } from './replay.js'

const versions = recordedVersions().filter((version) => recordingNames(version, 'debug-exit').length > 0)

describe.each(versions)('isa-debug-exit ends the machine as in QEMU %s', (version) => {
  const { header, lines: cases } = readRecording<Header, DebugExitCase>(version, 'debug-exit')
  const stories = readRecording<Header, DebugExitStory>(version, 'debug-exit-stories').lines
  const { program } = header

  it.each(cases)('$iobase/$iosize $step.input', ({ step, ...options }) => {
    const replay = new Replay({ program, arguments: debugExitArguments(options) })
    expect(replay.step(step.input, 'running')).toEqual(step)
  })

  it.each(stories)('$arguments', ({ arguments: args, steps }) => {
    const ours = new Replay({ program, arguments: args }).steps(steps.map(({ input }) => input))
    expect(ours).toEqual(steps)
  })
})
