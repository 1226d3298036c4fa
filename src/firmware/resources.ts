// Resource descriptors of a device's _CRS (ACPI specification 6.4, section 6.4): ports, bus numbers, memory.

import { type Aml, join, littleEndian } from './aml.js'

const IO_PORT_DESCRIPTOR = 0x47
const DECODES_16_BITS = 0x01
const WORD_ADDRESS_SPACE = 0x88
const DWORD_ADDRESS_SPACE = 0x87

const MEMORY_RANGE = 0
const IO_RANGE = 1
const BUS_NUMBER_RANGE = 2

/** General flags of an address space descriptor: its ends are fixed, it is decoded positively, passed on to children. */
const FIXED_PRODUCER = 0x0c
const ENTIRE_IO_RANGE = 0x03
const READ_WRITE = 0x01
const CACHEABLE_READ_WRITE = 0x03

/** Fixed I/O ports that the device itself answers at. */
export function ioPorts(base: number, size: number): Aml {
  return join(IO_PORT_DESCRIPTOR, DECODES_16_BITS, littleEndian(base, 2), littleEndian(base, 2), 1, size)
}

/** Bus numbers that a bridge hands on. */
export function busNumbers(first: number, last: number): Aml {
  return wordRange(BUS_NUMBER_RANGE, 0, first, last)
}

/** I/O ports that a bridge hands on. */
export function ioWindow(first: number, last: number): Aml {
  return wordRange(IO_RANGE, ENTIRE_IO_RANGE, first, last)
}

/** Memory addresses that a bridge hands on. */
export function memoryWindow(first: number, last: number, kind: 'device' | 'video'): Aml {
  const flags = kind === 'video' ? CACHEABLE_READ_WRITE : READ_WRITE
  return addressRange(DWORD_ADDRESS_SPACE, 4, MEMORY_RANGE, flags, first, last)
}

function wordRange(range: number, flags: number, first: number, last: number): Aml {
  return addressRange(WORD_ADDRESS_SPACE, 2, range, flags, first, last)
}

/** Granularity, first, last, translation offset and length, each `width` bytes wide. */
function addressRange(descriptor: number, width: number, range: number, flags: number, first: number, last: number) {
  const numbers = [0, first, last, 0, last - first + 1].map((value) => littleEndian(value, width))
  return join(descriptor, littleEndian(3 + 5 * width, 2), range, FIXED_PRODUCER, flags, ...numbers)
}
