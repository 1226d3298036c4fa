// `npm run latency [-- --qemu PROGRAM] [--seconds N]`: how long a QMP client waits for query-status while other clients, or a guest,
// send all they can; for pvpanic-system-x86_64, and for a real QEMU if one is named. Prints a table in Markdown. Waits are in
// milliseconds of processor time of the server's main thread, so that other work on the machine does not count. Linux only.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createConnection, type Socket } from 'node:net'
import { setPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { renderTable } from '../../src/common/render-table.js'
import { FLOODS, type Flood } from './floods.js'

const { values } = parseArgs({ options: { qemu: { type: 'string' }, seconds: { type: 'string' } } })
const MILLISECONDS = Number(values.seconds ?? 4) * 1000
/** Between one answer and the next request. */
const PAUSE_MS = 5
const TSX = [process.execPath, '--import', 'tsx']
const OURS = [...TSX, fileURLToPath(new URL('../../src/cli/system/main.ts', import.meta.url)), '-as-qemu', '7.2']
const MOST_CLIENTS = Math.max(...FLOODS.map(({ clients = 1 }) => clients))
const folder = mkdtempSync(join(tmpdir(), 'latency-'))
const halt = join(folder, 'halt.bin')
writeFileSync(halt, new Uint8Array(65_536).fill(0xf4))

interface Row {
  readonly flood: string
  readonly ours: Waits
  readonly qemu: Waits | undefined
}

/** Milliseconds, sorted. */
type Waits = readonly number[]

function start([program = '', ...args]: readonly string[], input?: string): ChildProcess {
  const child = spawn(program, args, { stdio: [input === undefined ? 'ignore' : 'pipe', 'ignore', 'inherit'] })
  child.stdin?.on('error', () => {}).end(input)
  prioritise(child.pid, 0)
  return child
}

async function end(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

/** Starts a program with a monitor for us, and sockets for a flood. */
async function measureClients(command: readonly string[], flood?: Flood): Promise<Waits> {
  const observer = join(folder, 'observer-qmp')
  const clients = flood?.clients ?? 1
  const sockets = Array.from({ length: clients }, (_, index) => join(folder, `${index}-${flood?.protocol ?? 'qmp'}`))
  const isQtest = flood?.protocol === 'qtest'
  const at = (path: string) => `unix:${path},server=on,wait=off`
  const monitors = [observer, ...(isQtest ? [] : sockets)].flatMap((path) => ['-qmp', at(path)])
  const [first = ''] = sockets
  const qtest = isQtest ? ['-qtest', at(first), '-qtest-log', 'none'] : []
  const common = ['-nodefaults', '-display', 'none', '-bios', halt, '-device', 'pvpanic', '-action', 'panic=none']
  const server = start([...command, ...common, ...monitors, ...qtest])
  // Ours serves any number of clients at one qtest socket.
  const paths = isQtest ? sockets.map(() => first) : sockets
  return observe(observer, server, async () => {
    if (flood === undefined) return []
    return [start([...TSX, fileURLToPath(new URL('flood-clients.ts', import.meta.url)), paths.join(',')], flood.text)]
  })
}

async function measureGuest(): Promise<Waits> {
  const observer = join(folder, 'observer-qmp')
  const server = start([...TSX, fileURLToPath(new URL('storming-guest.ts', import.meta.url)), observer])
  return observe(observer, server, async () => [])
}

async function observe(path: string, server: ChildProcess, disturb: () => Promise<ChildProcess[]>): Promise<Waits> {
  const disturbers: ChildProcess[] = []
  try {
    while (!existsSync(path)) await sleep(20)
    const client = await Observer.connect(path)
    disturbers.push(...(await disturb()))
    await sleep(1500)
    const waits: number[] = []
    for (const stop = performance.now() + MILLISECONDS; performance.now() < stop; ) {
      const sent = processorTime(server)
      await client.ask('query-status')
      waits.push(processorTime(server) - sent)
      await sleep(PAUSE_MS)
    }
    client.close()
    return waits.sort((a, b) => a - b)
  } finally {
    for (const child of [...disturbers, server]) await end(child)
    for (const name of [
      'observer-qmp',
      ...Array.from({ length: MOST_CLIENTS }, (_, at) => [`${at}-qmp`, `${at}-qtest`]).flat(),
    ])
      rmSync(join(folder, name), { force: true })
  }
}

/** Only root may go below 0. */
function prioritise(pid: number | undefined, priority: number): void {
  try {
    setPriority(pid ?? 0, priority)
  } catch {}
}

/** Milliseconds that the main thread of a process has run. */
function processorTime({ pid }: ChildProcess): number {
  const [nanoseconds = '0'] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')
  return Number(nanoseconds) / 1e6
}

/** A QMP client that looks at nothing but the answers to its own requests: millions of events must not hold it up. */
class Observer {
  readonly #socket: Socket
  #tail = Buffer.alloc(0)
  #awaited = ''
  #onAnswer = () => {}
  #onClose: (error: Error) => void = () => {}
  #next = 1

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('error', () => {}).on('close', () => this.#onClose(new Error('the connection was closed')))
    socket.on('data', (bytes) => {
      const seen = Buffer.concat([this.#tail, bytes])
      this.#tail = seen.subarray(-64)
      if (this.#awaited !== '' && seen.includes(this.#awaited)) this.#onAnswer()
    })
  }

  static async connect(path: string): Promise<Observer> {
    for (;;) {
      const socket = createConnection({ path })
      try {
        await once(socket, 'connect')
        const observer = new Observer(socket)
        await observer.ask('qmp_capabilities')
        return observer
      } catch {
        await sleep(20)
      }
    }
  }

  async ask(command: string): Promise<void> {
    const id = `observer-${this.#next++}`
    await new Promise<void>((resolve, reject) => {
      this.#awaited = `"${id}"`
      this.#onAnswer = resolve
      this.#onClose = reject
      this.#socket.write(JSON.stringify({ execute: command, id }))
    })
  }

  close(): void {
    this.#socket.destroy()
  }
}

const show = (waits: Waits | undefined): string => {
  if (waits === undefined || waits.length === 0) return '-'
  const at = (share: number) => (waits[Math.min(waits.length - 1, Math.floor(waits.length * share))] ?? 0).toFixed(1)
  return `${at(0.5)} / ${at(0.99)} / ${at(1)} (${waits.length})`
}

// Whoever observes late sees the server do more meanwhile. The observer itself costs next to nothing.
prioritise(process.pid, -19)

const rows: Row[] = []
const qemu = values.qemu === undefined ? undefined : [values.qemu, '-accel', 'tcg']
try {
  rows.push({ flood: 'none', ours: await measureClients(OURS), qemu: qemu && (await measureClients(qemu)) })
  for (const flood of FLOODS) {
    const ours = await measureClients(OURS, flood)
    const theirs = qemu && !flood.onlyOurs ? await measureClients(qemu, flood) : undefined
    rows.push({ flood: `${flood.protocol}: ${flood.title}`, ours, qemu: theirs })
    console.error(flood.title, show(ours), show(theirs))
  }
  rows.push({ flood: 'a v86 guest that panics without end', ours: await measureGuest(), qemu: undefined })
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.stdout.write(
  renderTable(
    [
      { title: 'flood', cell: ({ flood }) => flood },
      { title: 'ours: p50 / p99 / worst, ms (requests)', cell: ({ ours }) => show(ours) },
      { title: 'QEMU', cell: ({ qemu: theirs }) => show(theirs) },
    ],
    rows,
    'markdown',
  ),
)
