import { describe, expect, it } from 'vitest'
import { Machine } from '../../src/machine/machine.js'
import { hasMachineType, machineTypes } from '../../src/machine/machine-types.js'
import type { MachineLine } from './record-machines.js'
import { type Header, readRecording, recordedVersions, recordingNames } from './recording.js'

const versions = recordedVersions().filter((version) => recordingNames(version, 'machines').length > 0)

/** Of Xen, which only some builds have. */
const isKnown = ({ name }: MachineLine): boolean => !name.startsWith('xen')

describe.each(versions)('the machine types of QEMU %s', (version) => {
  const lines = readRecording<Header, MachineLine>(version, 'machines').lines.filter(isKnown)

  it('are those that it lists, in its words', () => {
    const ours = machineTypes(version).flatMap(({ name, alias, description, isDefault, deprecated }) => {
      const ending = `${isDefault ? ' (default)' : ''}${deprecated === undefined ? '' : ' (deprecated)'}`
      const own = { name, words: `${description}${ending}` }
      return alias === undefined ? [own] : [own, { name: alias, words: `${description} (alias of ${name})` }]
    })
    const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name)
    expect(ours.toSorted(byName)).toEqual(lines.map(({ name, words }) => ({ name, words })).toSorted(byName))
  })

  it('and no others', () => {
    for (const name of ['pc-1.5', 'pc-i440fx-1.8', 'pc-i440fx-99.0', 'virt', '']) {
      expect(hasMachineType(version, name), name).toBe(false)
    }
  })

  it('read the port as it does', () => {
    for (const { name, reads } of lines) {
      if (reads === undefined) continue
      const value = new Machine({ qemu: version, machineType: name }).bus.inb(0x505)
      expect(`OK 0x${value.toString(16).padStart(4, '0')}`, name).toBe(reads)
    }
  })
})
