// Random port operations and monitor commands, the same for the same seed, aimed at where port decoding is hard.

import { generator, type Random } from '../random.js'

/** Ports where a PC has devices that this package does not model. No access may touch them. */
const OTHER_DEVICES: readonly (readonly [first: number, last: number])[] = [
  [0x20, 0x21], // interrupt controller
  [0x40, 0x43], // timer
  [0x60, 0x61], // keyboard, speaker
  [0x64, 0x64], // keyboard
  [0x70, 0x71], // clock
  [0x7e, 0x7f], // KVM's helper for the interrupt controller
  [0x92, 0x92], // A20 and fast reset
  [0xa0, 0xa1], // second interrupt controller
  [0xb2, 0xb3], // power management
  [0x170, 0x177], // IDE
  [0x1f0, 0x1f7], // IDE
  [0x376, 0x376], // IDE
  [0x3f0, 0x3f7], // floppy, IDE
  [0x4d0, 0x4d1], // interrupt edges and levels
  [0x510, 0x51b], // fw_cfg
  [0xcf8, 0xcff], // PCI
  [0x5658, 0x565b], // VMware's back door
  [0xae00, 0xb1ff], // ACPI hotplug and power management
]

const WIDTHS = [
  { letter: 'b', bytes: 1 },
  { letter: 'w', bytes: 2 },
  { letter: 'l', bytes: 4 },
] as const

/** Values at which masks, signs and byte orders show. */
const ODD_VALUES = [
  ...['0x0', '0x1', '0x2', '0x3', '0x4', '0x5', '0x6', '0x80', '0xfc', '0xfe', '0xff', '0x100', '0x101', '0x0201'],
  ...['0x0102', '0xa55a', '0x8000', '0xffff', '0x10001', '0x01010101', '0x01020001', '0x02010201', '0x80000000'],
  ...['0xffffffff', '0x1ffffffff', '-1', '-2', '010', '255', '4294967295'],
]

export interface RandomSteps {
  /** Where the pvpanic device is, or null without one. */
  readonly iobase: number | null
  readonly seed: number
  readonly count: number
  /** Monitor commands to choose from. One that is written twice comes twice as often. */
  readonly commands: readonly string[]
}

const COMMAND_SHARE = 0.05

/** The steps as `observeStep` takes them. */
export function randomSteps({ iobase, seed, count, commands }: RandomSteps): string[] {
  const random = generator(seed)
  return Array.from({ length: count }, () =>
    commands.length > 0 && random.chance(COMMAND_SHARE) ? random.pick(commands) : portOperation(random, iobase),
  )
}

/** One access of any width by qtest, often at or near the device at `iobase`. */
export function portOperation(random: Random, iobase: number | null): string {
  for (;;) {
    const port = randomPort(random, iobase)
    const { letter, bytes } = random.pick(WIDTHS)
    if (port < 0 || port > 0xffff || (port !== iobase && touchesOtherDevice(port, bytes))) continue
    const address = `0x${port.toString(16)}`
    return random.chance(0.4) ? `in${letter} ${address}` : `out${letter} ${address} ${randomValue(random)}`
  }
}

function randomPort(random: Random, iobase: number | null): number {
  const kind = random.below(100)
  if (kind < 30) return random.below(0x10)
  if (kind < 50) return 0xc0 + random.below(0x20)
  if (kind < 65) return 0x80 + random.below(0x10)
  if (kind < 85 && iobase !== null) return random.chance(0.5) ? iobase : iobase - 4 + random.below(8)
  if (kind < 88) return 0xfff8 + random.below(8)
  if (kind < 93) return random.pick([0x0e, 0xbe, 0xdc, 0x90, 0xee]) + random.below(4)
  if (kind < 96) return 0x500 + random.below(0x10)
  return random.below(0x10000)
}

function randomValue(random: Random): string {
  if (random.chance(0.3)) return random.pick(ODD_VALUES)
  const bits = random.pick([3, 8, 8, 16, 32])
  return `0x${random.below(2 ** bits).toString(16)}`
}

function touchesOtherDevice(port: number, bytes: number): boolean {
  return OTHER_DEVICES.some(([first, last]) => port <= last && port + bytes > first)
}
