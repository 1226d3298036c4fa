import { describe, expect, it } from 'vitest'
import { type Header, type LifeLine, readRecording, recordedVersions, recordingNames, type Step } from './recording.js'
import { Replay } from './replay.js'

const versions = recordedVersions().filter((version) => recordingNames(version, 'ports').length > 0)

describe.each(versions)('accesses, commands and every byte do what QEMU %s recorded', (version) => {
  const names = ['ports', 'bytes'].flatMap((start) => recordingNames(version, start))
  let count = 0

  it.each(names)('%s', (name) => {
    const { header, lines } = readRecording<Header, Step>(version, name)
    const ours = new Replay(header).steps(lines.map(({ input }) => input))
    for (const [index, step] of ours.entries()) expect(step, `step ${index}`).toEqual(lines[index])
    expect(ours.length).toBe(lines.length)
    count += lines.length
  })

  const lives = recordingNames(version, 'lives').flatMap((name) => {
    const { header, lines } = readRecording<Header, LifeLine>(version, name)
    return lines.map((line) => ({ ...line, program: header.program }))
  })

  it.each(lives)('$title', ({ steps, ...start }) => {
    expect(new Replay(start).steps(steps.map(({ input }) => input))).toEqual(steps)
    count += steps.length
  })

  it('in 3,000 steps or more', () => {
    expect(count).toBeGreaterThanOrEqual(3_000)
  })
})
