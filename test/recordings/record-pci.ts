// Records pvpanic-pci on a real QEMU: its configuration space through the PC's two ports, and its memory.

import type { Reference } from '../qemu/reference.js'
import { actionArguments, survivingActions } from './actions.js'
import { recordSteps } from './record-ports.js'
import { type Header, type Step, writeRecording } from './recording.js'

const SLOT = 4
const CONFIG_DWORDS = 64
const BAR = 0xe000_0000
const hex = (value: number): string => `0x${value.toString(16)}`
const select = (register: number, slot = SLOT): string => `outl 0xcf8 ${hex(0x8000_0000 + (slot << 11) + register)}`
const registers = Array.from({ length: CONFIG_DWORDS }, (_, index) => 4 * index)
const readAll = registers.flatMap((register) => [select(register), 'inl 0xcfc'])

/** Maps the memory at `address` and lets the function answer there. */
const mapAt = (address: number): string[] => [select(0x10), `outl 0xcfc ${hex(address)}`, select(4), 'outw 0xcfc 0x2']

const WIDTHS = { b: 1, w: 2, l: 4, q: 8 } as const
const reads = (first: number): string[] =>
  Object.keys(WIDTHS).flatMap((width) => [-1, 0, 1, 2, 3].map((offset) => `read${width} ${hex(first + offset)}`))
const VALUES = ['0x1', '0x2', '0x100', '0x201', '0x102', '0x01010101', '0x0202020101020201', '0x8', '0xf8']
const writes = (first: number): string[] =>
  Object.keys(WIDTHS).flatMap((width) =>
    [-1, 0, 1, 2].flatMap((offset) =>
      VALUES.flatMap((value) => [
        `write${width} ${hex(first + offset)} ${value}`,
        'system_reset',
        ...mapAt(first),
        'cont',
      ]),
    ),
  )

const INPUTS: readonly string[] = [
  ...readAll,
  ...registers.flatMap((register) => [
    select(register),
    'outl 0xcfc 0xffffffff',
    'inl 0xcfc',
    'outl 0xcfc 0x0',
    'inl 0xcfc',
  ]),
  ...[
    select(0x3c),
    'outb 0xcfc 0x5',
    select(0x0c),
    'outb 0xcfc 0x10',
    ...mapAt(BAR),
    ...readAll,
    'system_reset',
    'inl 0xcf8',
    ...readAll,
  ],
  // The two ports, in all widths, and with no function behind them.
  ...[select(0x2c), 'inl 0xcf8', 'inw 0xcf8', 'inb 0xcf8', 'outb 0xcf8 0x0', 'outw 0xcf8 0x0', 'inl 0xcf8'],
  ...[
    'inb 0xcfc',
    'inb 0xcfd',
    'inb 0xcfe',
    'inb 0xcff',
    'inw 0xcfc',
    'inw 0xcfd',
    'inw 0xcfe',
    'inl 0xcfd',
    'inw 0xcfa',
    'inb 0xcfb',
  ],
  ...[
    select(0, 9),
    'inl 0xcfc',
    'inw 0xcfe',
    'outl 0xcfc 0x1',
    'outl 0xcf8 0x0',
    'inl 0xcfc',
    'outl 0xcf8 0x7fffffff',
    'inl 0xcf8',
  ],
  ...[
    'outl 0xcf8 0x8000212c',
    'inl 0xcfc',
    'outl 0xcf8 0x80012000',
    'inl 0xcfc',
    'outl 0xcf8 0x80002003',
    'inl 0xcfc',
    'inb 0xcfd',
  ],
  ...[
    ...mapAt(BAR),
    ...reads(BAR),
    `read ${hex(BAR)} 16`,
    `read ${hex(BAR - 4)} 8`,
    `write ${hex(BAR)} 4 0x01020100`,
    'cont',
  ],
  ...[
    select(4),
    'outw 0xcfc 0x0',
    `readb ${hex(BAR)}`,
    ...mapAt(0),
    `readb ${hex(0)}`,
    ...mapAt(0xc000_1001),
    'readb 0xc0001000',
  ],
  ...['readb 0xc0001001', ...mapAt(BAR), ...writes(BAR), `writeb ${hex(BAR)} 0x4`],
]

export async function recordPci(reference: Reference): Promise<void> {
  const { qemu, title } = reference
  if (!qemu.hasPvpanicPci) return
  const args = ['-device', `pvpanic-pci,addr=${SLOT}`, ...actionArguments(survivingActions(qemu), qemu)]
  const lines = await recordSteps(reference, args, INPUTS)
  const header = { program: title, arguments: args }
  const bytes = writeRecording<Header, Step>(qemu.version, 'pci', { header, lines })
  console.log(`pci: ${lines.length} steps, ${bytes} bytes`)
}
