import { describe, expect, it } from 'vitest'
import { type Header, readRecording, recordedVersions, recordingNames, type Step } from './recording.js'
import { Replay } from './replay.js'

const versions = recordedVersions().filter((version) => recordingNames(version, 'pci').length > 0)

describe.each(versions)('pvpanic-pci as in QEMU %s', (version) => {
  it('answers in its configuration space and its memory', () => {
    const { header, lines } = readRecording<Header, Step>(version, 'pci')
    const ours = new Replay(header).steps(lines.map(({ input }) => input))
    for (const [index, step] of ours.entries()) expect(step, `step ${index}`).toEqual(lines[index])
    expect(ours.length).toBe(lines.length)
  })
})
