// npm run soak -- --minutes 60: machines, guests in every mode and QMP clients come and go; nothing may be left of them.
//
// A round starts and ends some of each. After the first minute and at the end it counts what is left: the heap without
// garbage, what keeps the event loop alive, file descriptors, files in the temporary folder, child processes. With --qemu
// each round also boots a guest in an installed QEMU.

import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Machine } from '../../src/machine/machine.js'
import type { PanicMode } from '../../src/machine/transitions.js'
import { type MonitorServer, QmpClient, serve } from '../../src/monitor/server/index.js'
import { bootGuest, GuestRom } from '../../src/testing/index.js'
import { attach, createEmulator, destroyEmulator, restoreGuest, saveGuest } from '../../src/v86/index.js'

const MINUTE_MS = 60_000
const MEBIBYTE = 2 ** 20
const MODES: readonly PanicMode[] = ['preserve', 'destroy', 'reset', 'log']
/** What v86's module and V8's compiled code may grow by between the first minute and the last, garbage apart. */
const TOLERATED_MIB = 8

// Whatever the package leaves behind is found here.
const folder = mkdtempSync(join(tmpdir(), 'soak-'))
process.env.TMPDIR = folder

interface Tally {
  rounds: number
  machines: number
  guests: number
  clients: number
  panics: number
}

/** What would grow if something were left behind. */
interface Remains {
  readonly heapMiB: number
  readonly residentMiB: number
  readonly handles: Readonly<Record<string, number>>
  readonly descriptors: number
  readonly files: readonly string[]
  readonly children: number
}

async function countRemains(): Promise<Remains> {
  // Sockets and emulators close in later turns of the event loop.
  await sleep(500)
  for (let passes = 0; passes < 3; passes++) {
    globalThis.gc?.()
    await sleep(50)
  }
  const { heapUsed, external, rss } = process.memoryUsage()
  const handles: Record<string, number> = {}
  for (const kind of process.getActiveResourcesInfo()) handles[kind] = (handles[kind] ?? 0) + 1
  return {
    heapMiB: inMiB(heapUsed + external),
    residentMiB: inMiB(rss),
    handles,
    descriptors: readdirSync('/proc/self/fd').length,
    files: readdirSync(folder, { recursive: true, encoding: 'utf8' }),
    children: readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').split(' ').filter(Boolean).length,
  }
}

const inMiB = (bytes: number) => Number((bytes / MEBIBYTE).toFixed(1))

/** A machine behind sockets; clients that come, behave well or badly, and leave or are left. */
async function serveClients(onPanic: PanicMode, tally: Tally): Promise<void> {
  const address = `unix:${join(folder, 'qmp')}`
  const machine = new Machine({ onPanic })
  const server = await serve(machine, { qmp: [address], qtest: [`unix:${join(folder, 'qtest')}`] })
  const polite = await QmpClient.connect(address)
  await Promise.all([polite.execute('query-status'), polite.execute('query-commands')])
  const rude = [await connectRaw('qmp'), await connectRaw('qmp'), await connectRaw('qtest')]
  rude[0]?.write('{"execute":"qmp_capabilities"}{"execute":')
  rude[1]?.write('[[[[[["')
  rude[2]?.write('outb 0x505 1\noutb 0x5')
  for (let panics = 0; panics < 50 && machine.exitCode === undefined; panics++) {
    machine.bus.outb(0x505, 1)
    tally.panics++
    if (machine.runState === 'guest-panicked') await polite.execute('cont')
  }
  rude[0]?.destroy()
  if (machine.exitCode !== undefined) await server.ended
  else if (tally.rounds % 2 === 0) await polite.execute('quit')
  await polite.close()
  await closeServer(server)
  for (const socket of rude) socket.destroy()
  tally.machines++
  tally.clients += 1 + rude.length
}

async function connectRaw(name: string) {
  const socket = connect(join(folder, name))
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

async function closeServer(server: MonitorServer): Promise<void> {
  await server.close()
  await server.ended
}

/** A guest in v86 that panics three times, or until its machine ends. */
async function runGuest(onPanic: PanicMode, tally: Tally): Promise<void> {
  const bios = new GuestRom().print('up\n').outb(0x505, 2).outb(0x505, 1).outb(0x505, 1).halt().build()
  const guest = await bootGuest({ bios, onPanic, resetLimit: 2 })
  for (;;) {
    try {
      await guest.nextPanic({ timeoutMs: 20_000 })
      tally.panics++
      if (guest.machine.runState === 'guest-panicked' && onPanic === 'preserve') guest.machine.cont()
      if (guest.machine.runState === 'guest-panicked') break
    } catch {
      break
    }
  }
  await guest.dispose()
  tally.guests++
}

/** A guest that is disposed of while it runs, and while somebody waits for it. */
async function abandonGuest(tally: Tally): Promise<void> {
  const bios = new GuestRom().forever((loop) => loop.outb(0x505, 1)).build()
  const guest = await bootGuest({ bios, onPanic: 'log' })
  const waiting = guest.serial.waitFor('never').catch(() => {})
  await sleep(20)
  await guest.dispose()
  await waiting
  tally.panics += guest.machine.panics.total
  tally.guests++
}

/** A guest that is saved and brought back in the same emulator. */
async function saveAndRestore(tally: Tally): Promise<void> {
  const bios = new GuestRom().outb(0x505, 1).halt().build()
  const emulator = await createEmulator({ bios })
  const machine = attach(emulator)
  const panicked = new Promise((resolve) => machine.on('STOP', resolve))
  emulator.run()
  await panicked
  await sleep(5)
  const bytes = await saveGuest(emulator, machine)
  await restoreGuest(emulator, machine, bytes)
  await destroyEmulator(emulator)
  tally.panics++
  tally.guests++
}

async function runGuestInQemu(tally: Tally): Promise<void> {
  const guest = await bootGuest({ engine: 'qemu', onPanic: 'preserve' })
  await guest.nextPanic({ timeoutMs: 60_000 })
  await guest.dispose()
  tally.panics++
  tally.guests++
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { minutes: { type: 'string' }, qemu: { type: 'boolean' } } })
  const minutes = Number(values.minutes ?? 5)
  if (!(minutes > 0)) throw new RangeError('--minutes: a number above 0')
  const tally: Tally = { rounds: 0, machines: 0, guests: 0, clients: 0, panics: 0 }
  const began = performance.now()
  const elapsed = () => performance.now() - began
  let first: Remains | undefined
  let nextReport = 5 * MINUTE_MS
  while (elapsed() < minutes * MINUTE_MS) {
    for (const mode of MODES) {
      await serveClients(mode, tally)
      await runGuest(mode, tally)
    }
    await abandonGuest(tally)
    await saveAndRestore(tally)
    if (values.qemu === true) await runGuestInQemu(tally)
    tally.rounds++
    if (first === undefined && elapsed() > Math.min(MINUTE_MS, (minutes * MINUTE_MS) / 4)) first = await countRemains()
    if (elapsed() > nextReport) {
      nextReport += 5 * MINUTE_MS
      console.error(
        `${Math.round(elapsed() / MINUTE_MS)} min: ${JSON.stringify({ ...tally, ...(await countRemains()) })}`,
      )
    }
  }
  const last = await countRemains()
  first ??= last
  console.log(
    JSON.stringify(
      { minutes, node: process.version, ...tally, afterTheFirstMinute: first, atTheEnd: last },
      undefined,
      2,
    ),
  )
  const { heapMiB: heapBefore, residentMiB: _before, ...before } = first
  const { heapMiB: heapAfter, residentMiB: _after, ...after } = last
  if (heapAfter > heapBefore + TOLERATED_MIB)
    throw new Error(`the heap has grown from ${heapBefore} to ${heapAfter} MiB`)
  if (JSON.stringify(before) !== JSON.stringify(after)) throw new Error('something is left behind')
}

main()
  .catch((error) => {
    console.error(error)
    process.exitCode = 1
  })
  .finally(() => rmSync(folder, { recursive: true, force: true }))
