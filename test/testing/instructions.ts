// The instructions on which the assembler is compared with NASM: NASM's text, and the same in the assembler's words.

import { type Assembler, offset } from '../../src/testing/rom/assembler.js'
import { REGISTERS_8, REGISTERS_16, REGISTERS_32 } from '../../src/testing/rom/registers.js'

export interface Instruction {
  readonly nasm: string
  readonly ours: (assembler: Assembler) => Assembler
}

const byteValues = [0, 1, 0x7f, 0x80, 0xff, -1, -128] as const
const wordValues = [0, 5, 0x7f, 0x80, 0xff, 0x100, 0x1234, 0x7fff, 0x8000, 0xff7f, 0xff80, 0xffff, -1, -129] as const
const arithmetic = ['add', 'sub', 'and', 'or', 'xor', 'cmp', 'test'] as const
const jumps = ['jz', 'jnz', 'jc', 'jnc', 'jbe', 'ja', 'loop'] as const
const alone = ['lodsb', 'stosb', 'stosw', 'ret', 'iret', 'cli', 'sti', 'cld', 'nop', 'hlt'] as const

export const instructions: readonly Instruction[] = [
  ...REGISTERS_8.flatMap((to) => [
    ...byteValues.map((value) => ({ nasm: `mov ${to}, ${value}`, ours: (a: Assembler) => a.mov(to, value) })),
    ...REGISTERS_8.map((from) => ({ nasm: `mov ${to}, ${from}`, ours: (a: Assembler) => a.mov(to, from) })),
    { nasm: `inc ${to}`, ours: (a: Assembler) => a.inc(to) },
    { nasm: `dec ${to}`, ours: (a: Assembler) => a.dec(to) },
    { nasm: `shr ${to}, 4`, ours: (a: Assembler) => a.shr(to, 4) },
  ]),
  ...REGISTERS_16.flatMap((to) => [
    ...wordValues.map((value) => ({ nasm: `mov ${to}, ${value}`, ours: (a: Assembler) => a.mov(to, value) })),
    ...REGISTERS_16.map((from) => ({ nasm: `mov ${to}, ${from}`, ours: (a: Assembler) => a.mov(to, from) })),
    ...(['es', 'cs', 'ss', 'ds'] as const).map((from) => ({
      nasm: `mov ${to}, ${from}`,
      ours: (a: Assembler) => a.mov(to, from),
    })),
    ...(['es', 'ss', 'ds'] as const).map((segment) => ({
      nasm: `mov ${segment}, ${to}`,
      ours: (a: Assembler) => a.mov(segment, to),
    })),
    { nasm: `inc ${to}`, ours: (a: Assembler) => a.inc(to) },
    { nasm: `dec ${to}`, ours: (a: Assembler) => a.dec(to) },
    { nasm: `shr ${to}, 7`, ours: (a: Assembler) => a.shr(to, 7) },
    { nasm: `push ${to}`, ours: (a: Assembler) => a.push(to) },
    { nasm: `pop ${to}`, ours: (a: Assembler) => a.pop(to) },
  ]),
  ...arithmetic.flatMap((name) => [
    ...REGISTERS_8.flatMap((to) => [
      ...byteValues.map((value) => ({ nasm: `${name} ${to}, ${value}`, ours: (a: Assembler) => a[name](to, value) })),
      { nasm: `${name} ${to}, bl`, ours: (a: Assembler) => a[name](to, 'bl') },
      { nasm: `${name} dh, ${to}`, ours: (a: Assembler) => a[name]('dh', to) },
    ]),
    ...REGISTERS_16.flatMap((to) => [
      ...wordValues.map((value) => ({ nasm: `${name} ${to}, ${value}`, ours: (a: Assembler) => a[name](to, value) })),
      { nasm: `${name} ${to}, si`, ours: (a: Assembler) => a[name](to, 'si') },
      { nasm: `${name} di, ${to}`, ours: (a: Assembler) => a[name]('di', to) },
    ]),
  ]),
  ...(['al', 'ax', 'eax'] as const).flatMap((accumulator) => [
    { nasm: `in ${accumulator}, dx`, ours: (a: Assembler) => a.in(accumulator, 'dx') },
    { nasm: `in ${accumulator}, 0x92`, ours: (a: Assembler) => a.in(accumulator, 0x92) },
    { nasm: `out dx, ${accumulator}`, ours: (a: Assembler) => a.out('dx', accumulator) },
    { nasm: `out 0, ${accumulator}`, ours: (a: Assembler) => a.out(0, accumulator) },
  ]),
  ...[0, 1, 0x12345678, 0xffffffff, -2].map((value) => ({
    nasm: `mov eax, ${value}`,
    ours: (a: Assembler) => a.mov('eax', value),
  })),
  ...alone.map((name) => ({ nasm: name, ours: (a: Assembler) => a[name]() })),
  { nasm: 'rep outsb', ours: (a) => a.repOutsb() },
  { nasm: 'rep insb', ours: (a) => a.repInsb() },
  { nasm: 'db `Hi\\n\\x60\\x5c\\xe9`, 0, 255', ours: (a) => a.db('Hi\n`\\é', 0, 255) },
  // Jumps to the instruction itself, the nearest label there is.
  ...jumps.map((name) => ({ nasm: `here: ${name} here`, ours: (a: Assembler) => a.label('here')[name]('here') })),
  { nasm: 'here: jmp short here', ours: (a) => a.label('here').jmp('here') },
  { nasm: 'here: jmp near here', ours: (a) => a.label('here').jmpNear('here') },
  { nasm: 'here: call here', ours: (a) => a.label('here').call('here') },
]

const doubleWordValues = [
  0, 5, 0x7f, 0x80, 0xff, 0x12345678, 0x7fffffff, 0x80000000, 0xffffff80, 0xffffffff, -1, -129,
] as const

/** The same in 32-bit mode: 32-bit registers, and how instructions on 16 bits differ there. */
export const instructions32: readonly Instruction[] = [
  ...REGISTERS_32.flatMap((to) => [
    ...doubleWordValues.map((value) => ({ nasm: `mov ${to}, ${value}`, ours: (a: Assembler) => a.mov(to, value) })),
    ...REGISTERS_32.map((from) => ({ nasm: `mov ${to}, ${from}`, ours: (a: Assembler) => a.mov(to, from) })),
    { nasm: `inc ${to}`, ours: (a: Assembler) => a.inc(to) },
    { nasm: `dec ${to}`, ours: (a: Assembler) => a.dec(to) },
    { nasm: `shr ${to}, 7`, ours: (a: Assembler) => a.shr(to, 7) },
    { nasm: `push ${to}`, ours: (a: Assembler) => a.push(to) },
    { nasm: `pop ${to}`, ours: (a: Assembler) => a.pop(to) },
  ]),
  ...arithmetic.flatMap((name) =>
    REGISTERS_32.flatMap((to) => [
      ...doubleWordValues.map((value) => ({
        nasm: `${name} ${to}, ${value}`,
        ours: (a: Assembler) => a[name](to, value),
      })),
      { nasm: `${name} ${to}, esi`, ours: (a: Assembler) => a[name](to, 'esi') },
    ]),
  ),
  ...wordValues.flatMap((value) => [
    { nasm: `mov bx, ${value}`, ours: (a: Assembler) => a.mov('bx', value) },
    { nasm: `cmp ax, ${value}`, ours: (a: Assembler) => a.cmp('ax', value) },
    { nasm: `test dx, ${value}`, ours: (a: Assembler) => a.test('dx', value) },
  ]),
  ...(['al', 'ax', 'eax'] as const).flatMap((accumulator) => [
    { nasm: `in ${accumulator}, dx`, ours: (a: Assembler) => a.in(accumulator, 'dx') },
    { nasm: `out 0xf4, ${accumulator}`, ours: (a: Assembler) => a.out(0xf4, accumulator) },
  ]),
  { nasm: 'mov al, 5', ours: (a) => a.mov('al', 5) },
  { nasm: 'add bx, cx', ours: (a) => a.add('bx', 'cx') },
  { nasm: 'mov ds, ax', ours: (a) => a.mov('ds', 'ax') },
  { nasm: 'mov ax, ds', ours: (a) => a.mov('ax', 'ds') },
  { nasm: 'push ax', ours: (a) => a.push('ax') },
  { nasm: 'pop di', ours: (a) => a.pop('di') },
  { nasm: 'inc si', ours: (a) => a.inc('si') },
  { nasm: 'shr bx, 3', ours: (a) => a.shr('bx', 3) },
  { nasm: 'stosw', ours: (a) => a.stosw() },
  { nasm: 'dd 0x1badb002, 1', ours: (a) => a.dd(0x1badb002, 1) },
  { nasm: 'here: jmp short here', ours: (a) => a.label('here').jmp('here') },
  { nasm: 'here: jmp near here', ours: (a) => a.label('here').jmpNear('here') },
  { nasm: 'here: call here', ours: (a) => a.label('here').call('here') },
]

/** Labels before and after their use, every kind of reference, in a segment that does not begin at offset 0. */
export const labels = {
  origin: 0xfe00,
  nasm: `
      jmp 0xf000:first
    before: db 'data', 0
    first: mov si, before
      mov di, behind
      call behind
      jmp short over
      times 60 nop
    middle: times 60 nop
    over: jnz middle
      jmp near first
    behind: loop over
      ret`,
  ours: (a: Assembler): Assembler => {
    a.jmpFar(0xf000, 'first').label('before').db('data', 0)
    a.label('first').mov('si', offset('before')).mov('di', offset('behind')).call('behind').jmp('over')
    nops(a, 60).label('middle')
    nops(a, 60).label('over').jnz('middle').jmpNear('first')
    return a.label('behind').loop('over').ret()
  },
}

function nops(assembler: Assembler, count: number): Assembler {
  for (let index = 0; index < count; index++) assembler.nop()
  return assembler
}
