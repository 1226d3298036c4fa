import { describe, expect, it } from 'vitest'
import { type Header, readRecording, recordedVersions, recordingNames, type Step } from './recording.js'
import { Replay } from './replay.js'

const versions = recordedVersions().filter((version) => recordingNames(version, 'bytes').length > 0)

describe.each(versions)('accesses, commands and every byte do what QEMU %s recorded', (version) => {
  const names = ['ports', 'bytes', 'lives'].flatMap((start) => recordingNames(version, start))
  let count = 0

  it.each(names)('%s', (name) => {
    const { header, lines } = readRecording<Header, Step>(version, name)
    const ours = new Replay(header).steps(lines.map(({ input }) => input))
    for (const [index, step] of ours.entries()) expect(step, `step ${index}`).toEqual(lines[index])
    expect(ours.length).toBe(lines.length)
    count += lines.length
  })

  it('in 3,000 steps or more', () => {
    expect(count).toBeGreaterThanOrEqual(3_000)
  })
})
