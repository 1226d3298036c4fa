import { describe, expect, it } from 'vitest'
import { type DebugExitCase, type DebugExitStory, debugExitArguments } from './record-debug-exit.js'
import { type Header, readRecording, recordedVersions, recordingNames } from './recording.js'
import { Replay } from './replay.js'

/**
 * Exit codes that differ on purpose: from 9.1 on QEMU waits for the end of the guest's access, so that of a write in several
 * parts the last one counts; here a machine ends at the first. It takes a device of four ports or more.
 */
const FIRST_PARTS: Readonly<Record<string, number>> = Object.fromEntries([
  ...['4 outw 0xf5', '4 outl 0xf5', '8 outw 0xf5', '8 outl 0xf5'].map((write) => [`${write} 0x04030201`, 3]),
  ...['8 outw 0xf7', '8 outl 0xf7', '8 outl 0xf6'].map((write) => [`${write} 0x04030201`, 3]),
  ...['4 outl 0xf3', '8 outl 0xf3'].map((write) => [`${write} 0x04030201`, 5]),
])

const versions = recordedVersions().filter((version) => recordingNames(version, 'debug-exit').length > 0)

describe.each(versions)('isa-debug-exit ends the machine as in QEMU %s', (version) => {
  const { header, lines: cases } = readRecording<Header, DebugExitCase>(version, 'debug-exit')
  const stories = readRecording<Header, DebugExitStory>(version, 'debug-exit-stories').lines
  const { program } = header

  it.each(cases)('$iobase/$iosize $step.input', ({ step, ...options }) => {
    const replay = new Replay({ program, arguments: debugExitArguments(options) })
    const { wideAccess, debugExitShutsDown } = replay.machine.qemu
    const firstPart =
      wideAccess === 'split' && debugExitShutsDown ? FIRST_PARTS[`${options.iosize} ${step.input}`] : undefined
    const expected = firstPart === undefined ? step : { ...step, exitCode: firstPart }
    expect(replay.step(step.input, 'running')).toEqual(expected)
  })

  it.each(stories)('$arguments', ({ arguments: args, steps }) => {
    const ours = new Replay({ program, arguments: args }).steps(steps.map(({ input }) => input))
    expect(ours).toEqual(steps)
  })
})
