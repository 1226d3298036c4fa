// A guest that its timer interrupts about a thousand times a second.

import { type Assembler, GuestRom, offset } from '../../src/testing/index.js'
import { COM1 } from './guest.js'

const VECTOR = 0x20

/** The timer's interrupt handler prints 'i'. Interrupts are still off when the guest comes to `then`. */
export function timerGuest(then: (assembler: Assembler) => Assembler): GuestRom {
  return new GuestRom()
    .assembly((assembler) => {
      assembler.jmpNear('main')
      assembler.label('timer').push('ax').push('dx').mov('al', 0x69).mov('dx', COM1).out('dx', 'al')
      assembler.mov('al', 0x20).out(0x20, 'al').pop('dx').pop('ax').iret()
      assembler
        .label('main')
        .mov('ax', 0)
        .mov('es', 'ax')
        .mov('di', VECTOR * 4)
      assembler.mov('ax', offset('timer')).stosw().mov('ax', 'cs').stosw()
    })
    .outb(0x20, 0x11) // interrupt controller: vectors from VECTOR on, all but the timer masked
    .outb(0x21, VECTOR)
    .outb(0x21, 0x04)
    .outb(0x21, 0x01)
    .outb(0x21, 0xfe)
    .outb(0x43, 0x34) // timer: channel 0, periodic, 1.19 MHz / 1024
    .outb(0x40, 0x00)
    .outb(0x40, 0x04)
    .assembly(then)
}
