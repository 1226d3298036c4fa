// Every case that is measured: a workload carried out by one contender, prepared so that one call is one batch.

import { I8257, I8257_PRIMARY, I8257_SECONDARY, IoPortBus, Machine, Pvpanic } from 'isa-pvpanic'
import { diskBoard, dmaBoard, finalState, pcBoard, pvpanicBoard, wideBoard } from './boards.mjs'
import { BUSES, busWith, hasV86, wholeV86 } from './buses.mjs'
import { Interpreter } from './interpreter.mjs'
import * as workloads from './workloads.mjs'

const { accessAll, writeBytes } = workloads
/** Not buses, but what is left without one: no dispatch and no device, or nothing at all. */
const FLOORS = ['typed-array store', 'no bus']
const PEERS = Object.keys(BUSES).filter((name) => name !== 'no bus')
const SHORT_LIST = ['Map of closures', 'array of closures', "avr8js's hooks"].filter((name) => name in BUSES)

/**
 * Calls `perform` so that it is compiled by itself, as an emulator's loop is. Called plainly it is inlined by Maglev, and on
 * Node 24 its loop never leaves Maglev's code then.
 */
const apart = (perform, ...args) => Reflect.apply(perform, undefined, args)

/** Systems that take turns, so that V8 cannot take one bus's fields for constants. */
const TURNS = 2
/** Passes after which contenders are compared. */
const COMPARED_PASSES = 3

/**
 * @typedef {object} Prepared
 * @property {() => unknown} batch carries out one batch
 * @property {number} operations how many operations a batch has
 * @property {string} [state] what a few passes leave behind, to be compared between contenders; a floor has none
 * @property {boolean} [selfTimed] a batch gives its milliseconds, as a promise
 */

/** Buses of one kind with boards of one kind, that carry out a program in turns. */
async function onBoards(contender, board, program, perform, systems = TURNS, differ = false) {
  const built = []
  for (let i = 0; i < systems; i++) {
    const windows = board(differ ? i : undefined)
    built.push({ windows, bus: await busWith(contender, windows) })
  }
  const reads = built.map(({ bus }) => Array.from({ length: COMPARED_PASSES }, () => perform(bus, program)))
  let turn = 0
  return {
    batch: () => apart(perform, built[turn++ % systems].bus, program),
    operations: program.ports.length,
    state: FLOORS.includes(contender)
      ? undefined
      : JSON.stringify([reads, built.map(({ windows }) => finalState(windows))]),
  }
}

/** What a guest reads back of the transfers it programmed: low and high bytes of address and count, and the page. */
function dmaReadBack(bus) {
  bus.outb(0x0c, 0)
  bus.outb(0xd8, 0)
  return [0x04, 0x04, 0x05, 0x05, 0x81, 0xc4, 0xc4, 0xc6, 0xc6, 0x8b].map((port) => bus.inb(port))
}

async function dmaOnBuses(contender) {
  const program = workloads.dmaProgramming()
  const make = contender === 'v86' ? wholeV86 : () => busWith(contender, dmaBoard())
  const buses = [await make(), await make()]
  for (const bus of buses) writeBytes(bus, program)
  let turn = 0
  return {
    batch: () => apart(writeBytes, buses[turn++ % TURNS], program),
    operations: program.ports.length,
    state: FLOORS.includes(contender) ? undefined : JSON.stringify(buses.map(dmaReadBack)),
  }
}

/** The devices' own methods, called by a program that knows them: the values come from the same columns. */
function dmaDirect() {
  const { values } = workloads.dmaProgramming()
  const pairs = [0, 1].map(() => ({ one: new I8257(I8257_PRIMARY), two: new I8257(I8257_SECONDARY) }))
  const perform = ({ one, two }) => {
    const pagesOne = one.pages
    const pagesTwo = two.pages
    for (let i = 0; i < values.length; i += 20) {
      one.write8(0x0a, values[i])
      one.write8(0x0c, values[i + 1])
      one.write8(0x0b, values[i + 2])
      one.write8(0x04, values[i + 3])
      one.write8(0x04, values[i + 4])
      pagesOne.write8(0x01, values[i + 5])
      one.write8(0x0c, values[i + 6])
      one.write8(0x05, values[i + 7])
      one.write8(0x05, values[i + 8])
      one.write8(0x0a, values[i + 9])
      two.write8(0x14, values[i + 10])
      two.write8(0x18, values[i + 11])
      two.write8(0x16, values[i + 12])
      two.write8(0x04, values[i + 13])
      two.write8(0x04, values[i + 14])
      pagesTwo.write8(0x03, values[i + 15])
      two.write8(0x18, values[i + 16])
      two.write8(0x06, values[i + 17])
      two.write8(0x06, values[i + 18])
      two.write8(0x14, values[i + 19])
    }
  }
  for (const pair of pairs) perform(pair)
  const readBack = pairs.map(({ one, two }) => {
    const bus = new IoPortBus()
    one.attach(bus)
    two.attach(bus)
    return dmaReadBack(bus)
  })
  let turn = 0
  return {
    batch: () => apart(perform, pairs[turn++ % TURNS]),
    operations: values.length,
    state: JSON.stringify(readBack),
  }
}

/** The device's own method in the same loop over the same columns. */
function onePortDirect() {
  const program = workloads.onePort()
  const boards = Array.from({ length: TURNS }, () => pvpanicBoard())
  const perform = (device, { ports, values }) => {
    for (let i = 0; i < ports.length; i++) device.write8(ports[i] - 0x505, values[i])
  }
  for (const [{ device }] of boards) for (let i = 0; i < COMPARED_PASSES; i++) perform(device, program)
  let turn = 0
  const nothingRead = boards.map(() => Array.from({ length: COMPARED_PASSES }, () => undefined))
  return {
    batch: () => apart(perform, boards[turn++ % TURNS][0].device, program),
    operations: program.ports.length,
    state: JSON.stringify([nothingRead, boards.map(finalState)]),
  }
}

/** Sectors written to a disk's data port, whole or byte by byte. */
async function sectors(contender, { withBlocks, whole }) {
  const from = Uint8Array.from({ length: 512 }, (_, i) => (i * 7) & 0xff)
  const perform = whole
    ? (bus) => bus.outsb(0x1f0, from)
    : (bus) => {
        for (let i = 0; i < from.length; i++) bus.outb(0x1f0, from[i])
      }
  const many = (bus) => {
    for (let i = 0; i < 32; i++) perform(bus)
  }
  const systems = []
  for (let i = 0; i < TURNS; i++) {
    const windows = diskBoard(withBlocks)
    systems.push({ windows, bus: await busWith(contender, windows) })
  }
  for (const { bus } of systems) many(bus)
  let turn = 0
  return {
    batch: () => apart(many, systems[turn++ % TURNS].bus),
    operations: 32 * from.length,
    state: FLOORS.includes(contender)
      ? undefined
      : JSON.stringify(systems.map(({ windows }) => windows[0].device.latch.join())),
  }
}

/** Writes of one value to a machine in log mode. */
function storm(value, listeners) {
  const program = { ...workloads.onePort(), values: new Int32Array(4096).fill(value) }
  const machines = Array.from({ length: TURNS }, () => new Machine({ onPanic: 'log' }))
  let heard = 0
  for (const machine of machines) for (let i = 0; i < listeners; i++) machine.on('GUEST_PANICKED', () => heard++)
  let turn = 0
  return { batch: () => apart(writeBytes, machines[turn++ % TURNS].bus, program), operations: program.ports.length }
}

function machines() {
  const perform = () => {
    const machine = new Machine()
    machine.bus.map(0x600, 1, new Pvpanic())
    return machine
  }
  return { batch: perform, operations: 1 }
}

const runProgram = (cpu) => cpu.run()

/** The boot as a small interpreter executes it. */
async function interpreted(contender) {
  const { memory, accesses } = workloads.bootAsCode()
  const systems = []
  for (let i = 0; i < TURNS; i++) {
    const windows = pcBoard()
    const bus = await busWith(contender, windows)
    systems.push({ windows, cpu: new Interpreter(memory.slice(), bus) })
  }
  for (const { cpu } of systems) for (let i = 0; i < COMPARED_PASSES; i++) cpu.run()
  let turn = 0
  return {
    batch: () => apart(runProgram, systems[turn++ % TURNS].cpu),
    operations: accesses,
    state: FLOORS.includes(contender)
      ? undefined
      : JSON.stringify(systems.map(({ windows, cpu }) => [cpu.eax, finalState(windows)])),
  }
}

/** A guest in v86 that writes one register of the DMA controller, ours or v86's own, or none; booted anew for each batch. */
function v86Guest(device) {
  return async () => {
    const { guestLoop } = await import('./v86-guest.mjs')
    return { batch: () => guestLoop(device), operations: workloads.GUEST_WRITES, selfTimed: true }
  }
}

const pcProgram = () => workloads.randomPorts(pcBoard())
const peersOf = (prepare, names = PEERS) => Object.fromEntries(names.map((name) => [name, () => prepare(name)]))
const bootOn = (program) => (name) => onBoards(name, () => pcBoard(), program(), accessAll)

/**
 * Workload by name, contender by name: how to prepare it. Those that are compared most closely run right after one
 * another, as a neighbour on the machine slows both then.
 */
export const CASES = {
  'one port': {
    'direct calls': onePortDirect,
    ...peersOf((name) => onBoards(name, () => pvpanicBoard(), workloads.onePort(), writeBytes)),
  },
  'DMA program': { 'direct calls': dmaDirect, ...peersOf(dmaOnBuses) },
  'boot, writes': peersOf(bootOn(workloads.bootWrites)),
  boot: peersOf(bootOn(workloads.recordedBoot)),
  'random ports': peersOf((name) => onBoards(name, () => pcBoard(), pcProgram(), writeBytes)),
  interpreter: peersOf(interpreted, [...PEERS, 'no bus']),
  ...(hasV86 && {
    'v86 guest': { 'isa-pvpanic': v86Guest('ours'), v86: v86Guest('own'), 'no device': v86Guest('none') },
  }),
  sectors: {
    'isa-pvpanic': () => sectors('isa-pvpanic', { withBlocks: true, whole: true }),
    'isa-pvpanic, device without block form': () => sectors('isa-pvpanic', { withBlocks: false, whole: true }),
    'isa-pvpanic, outb': () => sectors('isa-pvpanic', { withBlocks: true, whole: false }),
    ...peersOf((name) => sectors(name, { withBlocks: true, whole: false }), PEERS.slice(1)),
  },
  'panic storm': {
    'plain write': () => storm(0, 0),
    'panic, no listener': () => storm(1, 0),
    'panic, one listener': () => storm(1, 1),
  },
  'many devices': {
    ...Object.fromEntries(
      [1, 4, 16, 64, 255].map((count) => [
        `isa-pvpanic, ${count} ${count === 1 ? 'device' : 'devices'}`,
        () => onBoards('isa-pvpanic', () => wideBoard(count), workloads.fourDevices(wideBoard(count)), writeBytes),
      ]),
    ),
    ...Object.fromEntries(
      SHORT_LIST.map((name) => [
        `${name}, 255 devices`,
        () => onBoards(name, () => wideBoard(255), workloads.fourDevices(wideBoard(255)), writeBytes),
      ]),
    ),
  },
  'eight machines': {
    'isa-pvpanic, one layout': () => onBoards('isa-pvpanic', () => pcBoard(), workloads.recordedBoot(), accessAll, 8),
    ...Object.fromEntries(
      ['isa-pvpanic', ...SHORT_LIST].map((name) => [
        `${name}, eight layouts`,
        () => onBoards(name, (layout) => pcBoard(layout), workloads.recordedBoot(), accessAll, 8, true),
      ]),
    ),
  },
  machine: { 'a Machine, and a device mapped': machines },
}

/** The workloads whose first second is told, too: everything cold, as a short-lived program meets it. */
export const FIRST_SECONDS = ['one port', 'DMA program', 'boot', 'interpreter']

/** What is measured once, not timed: bytes that memory grows by. */
export const MEMORY = { 'panic storm': () => stormGrowth(1000, 1e6), machine: machineBytes }

/** Contenders whose states are compared with each other: the same work on the same boards. */
export const comparable = (workload, contender) =>
  `${workload} ${/\d+ devices?|one layout|eight layouts/.exec(contender) ?? ''}`

/** Bytes in use, on the heap and outside. Needs --expose-gc. */
function used() {
  globalThis.gc()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** How many bytes a Machine takes, on the heap and outside. Needs --expose-gc. */
function machineBytes() {
  const count = 200
  const kept = Array.from({ length: 20 }, () => new Machine())
  const before = used()
  for (let i = 0; i < count; i++) kept.push(new Machine())
  const bytes = (used() - before) / count
  return kept.length > 0 ? bytes : 0
}

/** Bytes by which memory grows while a guest panics, after `settle` milliseconds of it. Needs --expose-gc. */
function stormGrowth(settle, panics) {
  const machine = new Machine({ onPanic: 'log' })
  const write = (count) => {
    for (let i = 0; i < count; i++) machine.bus.outb(0x505, 1)
  }
  for (const end = performance.now() + settle; performance.now() < end; ) write(1000)
  const before = used()
  write(panics)
  return used() - before
}
