import { readFileSync } from 'node:fs'
import { describe, expect, it, test } from 'vitest'
import { Assembler, AssemblyError, offset } from '../../src/testing/index.js'
import { instructions, instructions32, labels } from './instructions.js'
import { programs } from './programs.js'
import type { NasmRecording } from './record-nasm.js'

const recording: NasmRecording = JSON.parse(readFileSync(new URL('nasm-recording.json', import.meta.url), 'utf8'))
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe('the bytes are those that NASM was recorded to make', () => {
  it('of every instruction', () => {
    const ours = instructions.map(({ nasm, ours }) => [nasm, hex(ours(new Assembler()).assemble())])
    expect(Object.fromEntries(ours)).toEqual(recording.instructions)
  })

  it('of every instruction in 32-bit mode', () => {
    const ours = instructions32.map(({ nasm, ours }) => [nasm, hex(ours(new Assembler(0, 32)).assemble())])
    expect(Object.fromEntries(ours)).toEqual(recording.instructions32)
  })

  it('of labels before and after their use', () => {
    expect(hex(labels.ours(new Assembler(labels.origin)).assemble())).toBe(recording.labels)
  })

  test.each(Object.entries(programs))('of the guest: %s', (name, program) => {
    const recorded = recording.programs[name]
    expect(program.toNasm(), 'another source: record anew, npx tsx test/testing/record-nasm.ts').toBe(recorded?.source)
    expect(hex(program.bytes())).toBe(recorded?.bytes)
  })
})

describe('a program without bytes is refused', () => {
  const far = new Assembler().label('back').fill(126, 0)
  const wrong: [why: string, assemble: () => unknown, message: RegExp][] = [
    [
      'a label that is nowhere',
      () => new Assembler().jmp('nowhere').assemble(),
      /jmp short nowhere: .*no label nowhere/,
    ],
    ['a label defined twice', () => new Assembler().label('a').label('a'), /label a is defined twice/],
    ['a label with a blank', () => new Assembler().label('a b'), /label "a b"/],
    ['a short jump too far back', () => far.fill(1, 0).jmp('back').assemble(), /-129 bytes away.*-128\.\.127/],
    [
      'a short jump too far ahead',
      () => new Assembler().jz('ahead').fill(128, 0).label('ahead').assemble(),
      /jz ahead: 128 bytes away/,
    ],
    ['a byte too large', () => new Assembler().mov('al', 256), /mov al, 0x100: 256 is out of range.*-128\.\.255/],
    ['a byte too small', () => new Assembler().cmp('dl', -129), /-129 is out of range/],
    ['a word too large', () => new Assembler().mov('ax', 0x10000), /65536 is out of range.*-32768\.\.65535/],
    ['a double word too large', () => new Assembler().mov('eax', 2 ** 32), /4294967296 is out of range/],
    ['a fraction', () => new Assembler().mov('al', 0.5), /0\.5 is out of range/],
    ['not a number', () => new Assembler().add('bx', Number.NaN), /NaN is out of range/],
    ['a fixed port past 0xff', () => new Assembler().out(0x100, 'al'), /out 0x100, al: 256 is out of range.*0\.\.255/],
    ['a shift by 1', () => new Assembler().shr('al', 1), /shr al, 1: 1 is out of range/],
    ['a character past Latin-1', () => new Assembler().db('€'), /db: 8364 is out of range/],
    ['an origin past the segment', () => new Assembler(0x10000), /origin: 65536 is out of range/],
    [
      'an offset for a register of another width',
      () => new Assembler(0, 32).mov('si', offset('x')),
      /mov si, x: si is not a 32-bit/,
    ],
    ['an origin past 32 bits', () => new Assembler(2 ** 32, 32), /origin: 4294967296 is out of range/],
    ['registers of two sizes', () => new Assembler().cmp('al', 'bx'), /cmp al, bx: al is not a 16-bit register/],
  ]
  test.each(wrong)('%s', (_, assemble, message) => {
    expect(assemble).toThrow(AssemblyError)
    expect(assemble).toThrow(message)
  })
})

test('a short jump reaches 128 bytes back and 127 ahead', () => {
  expect(hex(new Assembler().label('back').fill(126, 0).jmp('back').assemble()).slice(-4)).toBe('eb80')
  expect(hex(new Assembler().jz('ahead').fill(127, 0).label('ahead').assemble()).slice(0, 4)).toBe('747f')
})

test('the offset of a label counts from the origin', () => {
  expect(hex(new Assembler(0xfff0).mov('si', offset('here')).label('here').assemble())).toBe('bef3ff')
})
