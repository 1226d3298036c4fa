// Records DMA transfers on a real QEMU as its floppy controller, on channel 2, makes them happen.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { QemuProcess } from '../qemu/qemu-process.js'
import type { Reference } from '../qemu/reference.js'
import { floppyByte, SECTOR_BYTES } from './floppy-pattern.js'
import { type Header, writeRecording } from './recording.js'

/** One input and its reply: a qtest line, or one of `FloppyInput`. */
export interface FloppyStep {
  readonly input: string
  readonly reply: string
}

export interface FloppyScenario {
  readonly title: string
  readonly steps: readonly FloppyStep[]
}

const SECTORS_A_TRACK = 18
const FLOPPY_BYTES = 1_474_560

// The controller's ports and the few commands needed.
const DIGITAL_OUTPUT = 0x3f2
const MAIN_STATUS = 0x3f4
const FIFO = 0x3f5
const ENABLED = 0x0c
const MOTOR_ON = 0x10
const SPECIFY = [0x03, 0xdf, 0x02]
const RECALIBRATE = [0x07, 0x00]
const SENSE_INTERRUPT = [0x08]
const READ_DATA = 0x46
const WRITE_DATA = 0x45
const SECTOR_SIZE_CODE = 2
const REQUEST_FOR_MASTER = 0x80
const RESULT_PHASE = 0xd0
const STATUS_POLLS = 50

/** Programs channel 2: mask it, mode, address, page, count, and unmask it unless told otherwise. */
function program(mode: number, address: number, count: number, unmask = true): string[] {
  const hex = (value: number): string => `0x${value.toString(16)}`
  return [
    'outb 0x0a 0x06',
    `outb 0x0b ${hex(mode)}`,
    'outb 0x0c 0x0',
    `outb 0x04 ${hex(address & 0xff)}`,
    `outb 0x04 ${hex((address >> 8) & 0xff)}`,
    `outb 0x81 ${hex(address >> 16)}`,
    `outb 0x05 ${hex(count & 0xff)}`,
    `outb 0x05 ${hex(count >> 8)}`,
    ...(unmask ? ['outb 0x0a 0x02'] : []),
  ]
}

/** Mask, status twice (its low bits clear on reading), address, count and page of channel 2. */
const REGISTERS = [
  ...['inb 0x09', 'inb 0x08', 'inb 0x08', 'outb 0x0c 0x0'],
  ...['inb 0x04', 'inb 0x04', 'inb 0x05', 'inb 0x05', 'inb 0x81'],
]

// Mode bytes for channel 2. "write" is the chip's word for device to memory.
const SINGLE = 0x40
const DEMAND = 0x00
const BLOCK = 0x80
const CASCADE = 0xc0
const DECREMENT = 0x20
const AUTO_INIT = 0x10
const VERIFY = 0x02
const WRITE = 0x06
const READ = 0x0a

const BUFFER = 0x20000
const fill = (address: number, bytes: number): string => `memset ${address} ${bytes} 0xee`
const look = (address: number, bytes: number): string => `read ${address} ${bytes}`
const SCENARIOS: readonly (readonly [title: string, inputs: readonly string[]])[] = [
  [
    'one sector to memory',
    [
      fill(BUFFER - 16, 544),
      ...program(SINGLE | WRITE, BUFFER, 511),
      'floppy read 1 1',
      ...REGISTERS,
      look(BUFFER - 16, 544),
    ],
  ],
  [
    'three sectors to memory',
    [fill(BUFFER, 1600), ...program(SINGLE | WRITE, BUFFER, 1535), 'floppy read 2 4', ...REGISTERS, look(BUFFER, 1600)],
  ],
  [
    'one sector from memory',
    [
      ...[fill(BUFFER - 16, 544), `memset ${BUFFER} 256 0x11`, `memset ${BUFFER + 256} 256 0x22`],
      ...[
        ...program(SINGLE | READ, BUFFER, 511),
        'floppy write 5 5',
        ...REGISTERS,
        'floppy sector 5',
        'floppy sector 6',
      ],
    ],
  ],
  [
    'decrementing address, to memory',
    [
      ...[fill(BUFFER, 1100), ...program(SINGLE | DECREMENT | WRITE, BUFFER + 0x200, 511), 'floppy read 1 1'],
      ...[...REGISTERS, look(BUFFER, 1100)],
    ],
  ],
  [
    'decrementing address, from memory',
    [
      ...[fill(BUFFER, 1100), `memset ${BUFFER + 0x1f0} 16 0x33`, `memset ${BUFFER + 0x200} 16 0x44`],
      ...[
        ...program(SINGLE | DECREMENT | READ, BUFFER + 0x200, 511),
        'floppy write 7 7',
        ...REGISTERS,
        'floppy sector 7',
      ],
    ],
  ],
  [
    'decrementing address, two sectors to memory',
    [
      ...[fill(BUFFER, 1100), ...program(SINGLE | DECREMENT | WRITE, BUFFER + 0x400, 1023), 'floppy read 1 2'],
      ...[...REGISTERS, look(BUFFER, 1100)],
    ],
  ],
  [
    'verify towards the device gives it no memory',
    [
      `memset ${BUFFER} 512 0x55`,
      ...program(SINGLE | VERIFY, BUFFER, 511),
      'floppy write 9 9',
      ...REGISTERS,
      'floppy sector 9',
    ],
  ],
  [
    'verify moves the count and touches no memory',
    [fill(BUFFER, 520), ...program(SINGLE | VERIFY, BUFFER, 511), 'floppy read 1 1', ...REGISTERS, look(BUFFER, 520)],
  ],
  [
    'the direction bits do not stop a device that moves the other way',
    [fill(BUFFER, 520), ...program(SINGLE | READ, BUFFER, 511), 'floppy read 1 1', ...REGISTERS, look(BUFFER, 520)],
  ],
  [
    'a masked channel waits with its request bit set, and unmasking lets it go',
    [
      ...[
        fill(BUFFER, 520),
        ...program(SINGLE | WRITE, BUFFER, 511, false),
        'floppy read 3 3',
        ...REGISTERS,
        look(BUFFER, 8),
      ],
      ...['outb 0x0a 0x02', 'floppy result', ...REGISTERS, look(BUFFER, 520)],
    ],
  ],
  [
    'unmasking all channels lets a waiting one go',
    [
      ...[...program(SINGLE | WRITE, BUFFER, 511, false), 'floppy read 3 3', 'outb 0x0e 0x0', 'floppy result'],
      ...[...REGISTERS, look(BUFFER, 16)],
    ],
  ],
  [
    'writing the mask register lets a waiting one go',
    [
      ...[...program(SINGLE | WRITE, BUFFER, 511, false), 'floppy read 3 3', 'outb 0x0f 0xb', 'floppy result'],
      ...[...REGISTERS, look(BUFFER, 16)],
    ],
  ],
  [
    'the page register chooses 64 KiB',
    [
      ...['0x10000', '0x30000', '0xa00000'].map((base) => `memset ${base} 16 0xee`),
      ...program(SINGLE | WRITE, 0x30000, 511),
      ...['floppy read 1 1', ...REGISTERS, look(0x10000, 16), look(0x30000, 16)],
    ],
  ],
  [
    'a page above 1 MiB',
    [...program(SINGLE | WRITE, 0xa08000, 511), 'floppy read 1 1', ...REGISTERS, look(0xa08000, 16), look(0x8000, 16)],
  ],
  [
    'a transfer runs on across 64 KiB',
    [
      ...[fill(0x10000, 256), fill(0x1ff00, 768), ...program(SINGLE | WRITE, 0x1ff00, 511), 'floppy read 1 1'],
      ...[...REGISTERS, look(0x1ff00, 512), look(0x10000, 256)],
    ],
  ],
  [
    'a decrementing transfer runs on below its page',
    [
      ...[fill(0x1ff00, 768), ...program(SINGLE | DECREMENT | WRITE, 0x20080, 511), 'floppy read 1 1', ...REGISTERS],
      ...[look(0x1fe80, 512), look(0x2fe80, 16)],
    ],
  ],
  [
    'auto-initialise reloads nothing',
    [
      ...[fill(BUFFER, 1100), ...program(SINGLE | AUTO_INIT | WRITE, BUFFER, 511), 'floppy read 1 1', ...REGISTERS],
      ...['floppy read 2 2', ...REGISTERS, look(BUFFER, 1100)],
    ],
  ],
  [
    'a second transfer without new programming',
    [
      ...[fill(BUFFER, 1100), ...program(SINGLE | WRITE, BUFFER, 511), 'floppy read 1 1', ...REGISTERS],
      ...['floppy read 2 2', ...REGISTERS, look(BUFFER, 1100)],
    ],
  ],
  [
    'writing the address high byte again starts the count anew',
    [
      ...[fill(BUFFER, 1100), ...program(SINGLE | WRITE, BUFFER, 511), 'floppy read 1 1'],
      ...[
        'outb 0x0c 0x0',
        'outb 0x04 0x10',
        ...REGISTERS,
        'outb 0x0c 0x0',
        'outb 0x04 0x10',
        'outb 0x04 0x2',
        ...REGISTERS,
      ],
      ...['floppy read 2 2', ...REGISTERS, look(BUFFER, 1100)],
    ],
  ],
  [
    'a request register write forgets the terminal count of its channel and of no other',
    [
      ...[...program(SINGLE | WRITE, BUFFER, 511), 'floppy read 1 1', 'outb 0x09 0x1', 'inb 0x08'],
      ...[...program(SINGLE | WRITE, BUFFER, 511), 'floppy read 1 1', 'outb 0x09 0x2', 'inb 0x08'],
    ],
  ],
  [
    'a count longer than what the device gives leaves the rest',
    [fill(BUFFER, 1100), ...program(SINGLE | WRITE, BUFFER, 1023), 'floppy read 1 1', ...REGISTERS, look(BUFFER, 1100)],
  ],
  [
    'a count shorter than what the device gives ends it early',
    [fill(BUFFER, 600), ...program(SINGLE | WRITE, BUFFER, 255), 'floppy read 1 1', ...REGISTERS, look(BUFFER, 600)],
  ],
  ...[['demand', DEMAND] as const, ['block', BLOCK] as const, ['cascade', CASCADE] as const].map(
    ([name, mode]) =>
      [
        `${name} mode moves the bytes as single mode does`,
        [fill(BUFFER, 520), ...program(mode | WRITE, BUFFER, 511), 'floppy read 1 1', ...REGISTERS, look(BUFFER, 520)],
      ] as const,
  ),
  [
    'the disable bit of the command register disables nothing',
    [
      ...[
        fill(BUFFER, 520),
        'outb 0x08 0x04',
        ...program(SINGLE | WRITE, BUFFER, 511),
        'floppy read 1 1',
        ...REGISTERS,
      ],
      look(BUFFER, 520),
    ],
  ],
  [
    'master clear masks the channel and keeps its address, count and mode',
    [
      ...[fill(BUFFER, 520), ...program(SINGLE | WRITE, BUFFER, 511), 'outb 0x0d 0x0', ...REGISTERS, 'floppy read 1 1'],
      ...[...REGISTERS, 'outb 0x0a 0x02', 'floppy result', ...REGISTERS, look(BUFFER, 520)],
    ],
  ],
]

export async function recordFloppy(reference: Reference): Promise<void> {
  const scenarios: FloppyScenario[] = []
  for (const [title, inputs] of SCENARIOS) scenarios.push({ title, steps: await recordScenario(reference, inputs) })
  const header = { program: reference.title, arguments: ['-drive', 'if=floppy,format=raw,file=…'] }
  const bytes = writeRecording<Header, FloppyScenario>(reference.qemu.version, 'floppy', { header, lines: scenarios })
  console.log(`floppy: ${scenarios.length} scenarios, ${bytes} bytes`)
}

/** Gives a scenario's inputs to a QEMU with a fresh floppy. */
export async function recordScenario(reference: Reference, inputs: readonly string[]): Promise<FloppyStep[]> {
  const folder = await mkdtemp(join(tmpdir(), 'record-floppy-'))
  try {
    const image = join(folder, 'floppy.img')
    await writeFile(
      image,
      Uint8Array.from({ length: FLOPPY_BYTES }, (_, index) => floppyByte(index)),
    )
    return await recordSteps(reference, image, inputs)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function recordSteps({ program }: Reference, image: string, inputs: readonly string[]): Promise<FloppyStep[]> {
  const qemu = await QemuProcess.start(['-drive', `if=floppy,format=raw,file=${image}`], program)
  try {
    const floppy = new FloppyDriver(qemu)
    await floppy.reset()
    const steps: FloppyStep[] = []
    for (const input of inputs) {
      const [device, verb, first, last] = input.split(' ')
      if (device !== 'floppy') steps.push({ input, reply: await qemu.qtest(input) })
      else if (verb === 'sector') steps.push({ input, reply: await sectorOf(image, Number(first)) })
      else if (verb === 'result') steps.push({ input, reply: await floppy.result() })
      else
        steps.push({
          input,
          reply: await floppy.transfer(verb === 'read' ? READ_DATA : WRITE_DATA, Number(first), Number(last)),
        })
    }
    return steps
  } finally {
    await qemu.dispose()
  }
}

async function sectorOf(image: string, sector: number): Promise<string> {
  const content = await readFile(image)
  return content.subarray((sector - 1) * SECTOR_BYTES, sector * SECTOR_BYTES).toString('hex')
}

/** Just enough of a floppy driver to start transfers of sectors in track 0, head 0. */
class FloppyDriver {
  readonly #qemu: QemuProcess

  constructor(qemu: QemuProcess) {
    this.#qemu = qemu
  }

  async reset(): Promise<void> {
    await this.#out(DIGITAL_OUTPUT, 0)
    await this.#out(DIGITAL_OUTPUT, ENABLED | MOTOR_ON)
    // The controller reports each of its four drives after a reset.
    for (let drive = 0; drive < 4; drive++) await this.#command(SENSE_INTERRUPT, 2)
    await this.#command(SPECIFY, 0)
    await this.#command(RECALIBRATE, 0)
    await this.#command(SENSE_INTERRUPT, 2)
  }

  /** Reads or writes the sectors `first` to `last`; gives the result bytes, or "waiting" while the DMA does not move. */
  async transfer(command: number, first: number, last: number): Promise<string> {
    const [drive, cylinder, head, gap, unused] = [0, 0, 0, 0x1b, 0xff]
    await this.#send([
      command,
      drive,
      cylinder,
      head,
      first,
      SECTOR_SIZE_CODE,
      Math.min(last, SECTORS_A_TRACK),
      gap,
      unused,
    ])
    return this.result()
  }

  async result(): Promise<string> {
    const status = (await this.#in(MAIN_STATUS)) & RESULT_PHASE
    if (status !== RESULT_PHASE) return 'waiting'
    return Buffer.from(await this.#receive(7)).toString('hex')
  }

  async #command(bytes: readonly number[], results: number): Promise<void> {
    await this.#send(bytes)
    await this.#receive(results)
  }

  async #send(bytes: readonly number[]): Promise<void> {
    for (const byte of bytes) {
      await this.#ready()
      await this.#out(FIFO, byte)
    }
  }

  async #receive(count: number): Promise<number[]> {
    const bytes: number[] = []
    while (bytes.length < count) {
      await this.#ready()
      bytes.push(await this.#in(FIFO))
    }
    return bytes
  }

  async #ready(): Promise<void> {
    for (let poll = 0; poll < STATUS_POLLS; poll++) {
      if ((await this.#in(MAIN_STATUS)) & REQUEST_FOR_MASTER) return
    }
    throw new Error('the floppy controller does not become ready')
  }

  async #in(port: number): Promise<number> {
    return Number((await this.#qemu.qtest(`inb ${port}`)).slice('OK '.length))
  }

  async #out(port: number, value: number): Promise<void> {
    await this.#qemu.qtest(`outb ${port} ${value}`)
  }
}
