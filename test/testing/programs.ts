// Whole guests whose images are compared with what NASM makes of their source.

import { builtinGuestProgram, GuestRom, testKernelProgram } from '../../src/testing/index.js'

/** A guest as NASM's source and as bytes. */
interface Program {
  toNasm(): string
  bytes(): Uint8Array
}
const rom = (guest: GuestRom): Program => ({ toNasm: () => guest.toNasm(), bytes: () => guest.build() })
const kernel = (options: Parameters<typeof testKernelProgram>[0]): Program => {
  const program = testKernelProgram(options)
  return { toNasm: () => program.toNasm(), bytes: () => program.assemble() }
}

export const programs: Readonly<Record<string, Program>> = {
  'test kernel': kernel({}),
  'test kernel with a debug exit': kernel({ iobase: 0x600, debugExit: 0xf4 }),
  builtin: rom(builtinGuestProgram({ size: 1024 })),
  'builtin at port 0': rom(builtinGuestProgram({ iobase: 0, size: 1024 })),
  'every step of the builder': rom(
    new GuestRom(512)
      .inb(0x505)
      .inw(0x0a)
      .inl(0xcf8)
      .outb(0x80, 0x12)
      .outw(0x505, 0x0101)
      .outl(0x504, 0x01010101)
      .whenAlIs(3, (guest) => guest.outb(0xffff, 0xff))
      .repeat(3, (guest) => guest.repeat(2, (inner) => inner.outb(0, 1).wait(10)))
      .programDma({ channel: 0, address: 0xffff, length: 1, transfer: 'verify' })
      .programDma({ channel: 1, address: 0x123456, length: 0x1000, transfer: 'from-memory' })
      .programDma({ channel: 3, address: 0xff0000, length: 0x10000, transfer: 'to-memory' })
      .assembly((assembler) => assembler.label('mine').sti().hlt().jz('mine'))
      .forever((guest) => guest.print('again').printHex()),
  ),
}
