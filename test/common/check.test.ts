// How a wrong option is refused: by an error that names it.

import { describe, expect, it } from 'vitest'
import { checkKnownOptions, OptionRangeError, OptionTypeError } from '../../src/common/check.js'
import { Machine, type MachineOptions } from '../../src/index.js'
import { bootGuest } from '../../src/testing/index.js'

describe('a refused option', () => {
  it.each<[string, unknown, new (...args: never[]) => Error, string]>([
    ['iobase', { iobase: 0x10000 }, OptionRangeError, 'iobase: expected an integer from 0 to 0xffff, got 0x10000'],
    ['iobase', { iobase: '1285' }, OptionTypeError, 'iobase: expected an integer from 0 to 0xffff, got "1285"'],
    ['onPanic', { onPanic: 'pause' }, OptionRangeError, 'onPanic: expected one of'],
    ['qemu', { qemu: '0.9' }, OptionRangeError, 'qemu: unknown version "0.9"'],
    ['cpu.resume', { cpu: { pause() {} } }, OptionTypeError, 'cpu.resume: expected a function, got undefined'],
    ['ioport', { ioport: 0x505 }, OptionTypeError, 'ioport: unknown option; known are iobase, '],
  ])('%s is named by the error', (option, options, kind, message) => {
    const make = () => new Machine(options as MachineOptions)
    expect(make).toThrow(kind)
    expect(make).toThrow(expect.objectContaining({ option }))
    expect(make).toThrow(message)
  })

  it('is an error of its kind for those who do not know these classes', () => {
    expect(() => new Machine({ iobase: -1 })).toThrow(RangeError)
    expect(() => new Machine({ iobase: 0.5 })).toThrow(TypeError)
  })

  it('names the path of a member', () => {
    const state = { ...new Machine().save(), dma: [{}, {}] }
    expect(() => new Machine().load(state)).toThrow(expect.objectContaining({ option: 'state.dma[0].flipFlop' }))
  })
})

describe('unknown options', () => {
  it('are refused by bootGuest too', async () => {
    const options: object = { onpanic: 'destroy' }
    await expect(bootGuest(options)).rejects.toThrow(expect.objectContaining({ option: 'onpanic' }))
  })

  it.each<unknown>([null, 1, 'iobase'])('cannot hide in options that are %j', (options) => {
    expect(() => checkKnownOptions(options as object, {})).toThrow('options: expected an object')
  })
})
