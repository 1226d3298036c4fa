// Which errors are the user's, and which are ours.

import { describe, expect, it } from 'vitest'
import { refusing, UsageError } from '../../src/cli/usage-error.js'
import { Machine } from '../../src/machine/machine.js'

describe('an error of what was handed to the library', () => {
  it.each([
    ['a wrong value', () => new Machine({ iobase: 0x10000 })],
    ['a value of a wrong type', () => new Machine({ iobase: 1.5 })],
    ['a machine that cannot be', () => new Machine({ iobase: null, qemu: '1.5.0' })],
  ])('is a usage error for %s', (_, use) => {
    expect(() => refusing(use)).toThrow(UsageError)
  })

  it('is one too if it comes later', async () => {
    await expect(refusing(async () => new Machine({ iobase: 0x10000 }))).rejects.toThrow(UsageError)
  })
})

describe('an error of a program', () => {
  const absent = [] as { name: string }[]
  it.each<[string, () => unknown]>([
    ['TypeError', () => (absent[0] as { name: string }).name],
    ['RangeError', () => new Uint8Array(-1)],
  ])('stays what it is: %s', async (name, use) => {
    expect(() => refusing(use)).toThrow(expect.objectContaining({ name }))
    await expect(refusing(async () => use())).rejects.toThrow(expect.objectContaining({ name }))
  })
})
