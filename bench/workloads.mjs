// What the buses are asked to do: programs of port accesses, and the loop that carries them out.

import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { readPortTrace } from 'isa-pvpanic'
import { assemble } from './interpreter.mjs'

/** The instructions, by number; reads and writes by their width in bytes. */
const [INB, OUTB, INW, OUTW, INL, OUTL] = [0, 1, 2, 3, 4, 5]
const READS = { 1: INB, 2: INW, 4: INL }
const WRITES = { 1: OUTB, 2: OUTW, 4: OUTL }
const LINUX_BOOT = new URL('linux-6.1-boot.trace.gz', import.meta.url)

/** Port accesses as columns: port, instruction, value (32 bits signed, as emulators hold it); and where runs of one instruction end. */
function program(accesses) {
  const kinds = Uint8Array.from(accesses, ([, , kind = OUTB]) => kind)
  return {
    ports: Uint16Array.from(accesses, ([port]) => port),
    kinds,
    values: Int32Array.from(accesses, ([, value]) => value),
    runEnds: Uint32Array.from(
      [...kinds.keys()].filter((i) => kinds[i] !== kinds[i + 1]),
      (last) => last + 1,
    ),
  }
}

/** The guest sets a floppy's DMA channel up (2), then a sound card's (5): mask, mode, address, page, count, unmask. */
const DMA_TRANSFER = [
  [0x0a, 0x06],
  [0x0c, 0x00],
  [0x0b, 0x46],
  [0x04, 0x34],
  [0x04, 0x12],
  [0x81, 0x05],
  [0x0c, 0x00],
  [0x05, 0xff],
  [0x05, 0x01],
  [0x0a, 0x02],
  [0xd4, 0x05],
  [0xd8, 0x00],
  [0xd6, 0x49],
  [0xc4, 0x78],
  [0xc4, 0x56],
  [0x8b, 0x03],
  [0xd8, 0x00],
  [0xc6, 0xff],
  [0xc6, 0x03],
  [0xd4, 0x01],
]

const repeat = (accesses, times) => Array.from({ length: times }, () => accesses).flat()

export const onePort = (port = 0x505) => program(repeat([[port, 0]], 4096))
export const dmaProgramming = () => program(repeat(DMA_TRANSFER, 200))

const bootAccesses = () => [...readPortTrace(gunzipSync(readFileSync(LINUX_BOOT)))]
const asProgram = (accesses) =>
  program(accesses.map(({ port, width, write, value }) => [port, value, (write ? WRITES : READS)[width]]))

/** Every access of one boot of Linux 6.1 in v86, up to its panic. */
export const recordedBoot = () => asProgram(bootAccesses())

/** The writes among them, of every width. */
export const bootWrites = () => asProgram(bootAccesses().filter(({ write }) => write))

/** The boot as machine code, and how many accesses that makes. */
export function bootAsCode() {
  const accesses = bootAccesses()
  return { memory: assemble(accesses), accesses: accesses.length }
}

/** Writes of a guest in v86, in one loop. */
export const GUEST_WRITES = 1_000_000

/** Bytes written to ports drawn uniformly from those of a board; no byte makes pvpanic report anything. */
export function randomPorts(windows) {
  const ports = windows.flatMap(({ base, size }) => Array.from({ length: size }, (_, i) => base + i))
  const random = generator()
  return program(Array.from({ length: 16384 }, () => [ports[random() % ports.length], random() & 0xf8]))
}

/** Bytes written in random order to the first registers of four devices (or as many as there are) of a board. */
export function fourDevices(windows) {
  const last = windows.length - 1
  const ports = [0, 1 / 3, 2 / 3, 1].map((part) => windows[Math.round(part * last)].base)
  const random = generator()
  return program(Array.from({ length: 4096 }, () => [ports[random() & 3], random() & 0xff]))
}

/** A linear congruential generator with a fixed seed: every contender gets the same numbers, 0..0xffffff. */
function generator() {
  let state = 12345
  return () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return state >>> 8
  }
}

/** Carries out writes of bytes. */
export function writeBytes(bus, { ports, values }) {
  for (let i = 0; i < ports.length; i++) bus.outb(ports[i], values[i])
}

/**
 * Carries out reads and writes of every width. Returns what was read, as one number.
 *
 * It looks at the instruction once for each run of the same one, and keeps the number in 32 bits (V8 would take it for a
 * floating-point one): what the loop itself costs hides what the buses do.
 */
export function accessAll(bus, { ports, kinds, values, runEnds }) {
  let read = 0
  let i = 0
  for (let run = 0; run < runEnds.length; run++) {
    const end = runEnds[run]
    // The constants' values, in their order: so V8 makes a jump table.
    switch (kinds[i]) {
      case 0:
        for (; i < end; i++) read = (Math.imul(read, 31) + bus.inb(ports[i])) | 0
        break
      case 1:
        for (; i < end; i++) bus.outb(ports[i], values[i])
        break
      case 2:
        for (; i < end; i++) read = (Math.imul(read, 31) + bus.inw(ports[i])) | 0
        break
      case 3:
        for (; i < end; i++) bus.outw(ports[i], values[i])
        break
      case 4:
        for (; i < end; i++) read = (Math.imul(read, 31) + bus.inl(ports[i])) | 0
        break
      case 5:
        for (; i < end; i++) bus.outl(ports[i], values[i])
    }
  }
  return read
}
