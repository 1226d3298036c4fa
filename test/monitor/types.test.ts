// What QMP tells of types, held against real QEMUs.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Domain } from '../../src/libvirt/domain.js'
import { domainDefinition } from '../../src/libvirt/domain-definition.js'
import { QmpError } from '../../src/monitor/qmp/error.js'
import { byName } from './record-types.js'

interface Answer {
  readonly command: string
  readonly args: Readonly<Record<string, unknown>>
  readonly return?: Readonly<Record<string, unknown>>[]
  readonly error?: { readonly class: string; readonly desc: string }
}

const file = new URL('recordings/types.json', import.meta.url)
const recorded = JSON.parse(readFileSync(file, 'utf8')) as { qemu: string; answers: Answer[] }[]

/** What is said of another type than a device's, by QEMU 5.2: without its article. */
const worded = (desc: string): string => desc.replace('expects non-abstract', 'expects a non-abstract')

describe.each(recorded)('QEMU $qemu', ({ qemu, answers }) => {
  const domain = new Domain(domainDefinition(), { qemu })
  domain.start()

  it.each(answers)('$command $args', ({ command, args, ...known }) => {
    try {
      const list = domain.monitorCommand(command, args) as Readonly<Record<string, unknown>>[]
      const sorted = command === 'device-list-properties' ? list : list.toSorted(byName)
      expect({ return: sorted }).toEqual({ return: known.return })
    } catch (error) {
      if (!(error instanceof QmpError)) throw error
      expect({ class: error.class, desc: error.desc }).toEqual({
        class: known.error?.class,
        desc: worded(known.error?.desc ?? ''),
      })
    }
  })
})
