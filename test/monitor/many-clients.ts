// `tsx test/monitor/many-clients.ts [--clients N] [--panics N]`: a thousand QMP clients, many of them rude, while a guest
// panics 100,000 times in log mode. Prints what the server's memory and the clients did; fails if a good client missed anything.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Machine } from '../../src/machine/machine.js'
import { QmpClient } from '../../src/monitor/server/qmp-client.js'
import { serve } from '../../src/monitor/server/serve.js'

/** How the clients behave; there are as many of each. */
const MANNERS = ['reads', 'never reads events', 'never negotiates', 'sends rubbish', 'never reads answers'] as const
type Manner = (typeof MANNERS)[number]

/** What the clients' process tells. */
interface Tally {
  /** Events that each of the clients that read has got. */
  readonly received: readonly number[]
  /** Clients that the server cut off, by manner. */
  readonly cutOff: Readonly<Record<string, number>>
}

const EVENT_LIMIT = 8 << 20
const PANICS_PER_TURN = 100
const MIB = 1 << 20
const NEWLINE = 0x0a
/** First argument of the process that plays the clients. */
const CROWD = '--crowd'

const [, , role, crowdPath = '', crowdSize] = process.argv
if (role === CROWD) behave(crowdPath, Number(crowdSize))
else await main()

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { clients: { type: 'string' }, panics: { type: 'string' } } })
  const clients = Number(values.clients ?? 1000)
  const panics = Number(values.panics ?? 100_000)
  const folder = mkdtempSync(join(tmpdir(), 'many-clients-'))
  const path = join(folder, 'qmp')
  const machine = new Machine({ onPanic: 'log' })
  const server = await serve(machine, { qmp: [`unix:${path}`], eventLimit: EVENT_LIMIT })
  const crowd = fork(fileURLToPath(import.meta.url), [CROWD, path, String(clients)])
  await once(crowd, 'message')
  const observer = await QmpClient.connect(`unix:${path}`, { timeoutMs: 60_000 })
  console.log(`${server.clients - 1} clients connected; ${MANNERS.map((manner) => `a fifth ${manner}`).join(', ')}`)
  collectGarbage()
  const before = process.memoryUsage.rss()

  let largest = 0
  const roundTrips: number[] = []
  let storming = true
  const observing = observe()
  const start = performance.now()
  for (let done = 0; done < panics; ) {
    for (let count = 0; count < PANICS_PER_TURN && done < panics; count++, done++) machine.bus.outb(0x505, 1)
    largest = Math.max(largest, process.memoryUsage.rss())
    await nextTurn()
  }
  const seconds = (performance.now() - start) / 1000
  storming = false
  await observing
  const left = server.clients - 1
  const tally = await askCrowd(panics)
  collectGarbage()
  const after = process.memoryUsage.rss()
  observer.close()
  crowd.kill()
  await server.close()
  rmSync(folder, { recursive: true, force: true })

  roundTrips.sort((a, b) => a - b)
  const complete = tally.received.filter((count) => count === panics).length
  console.log(`${panics} panics in ${seconds.toFixed(1)} s, ${Math.round(panics / seconds)} a second`)
  console.log(`resident memory of the server: ${show(before)} before, ${show(largest)} at most, ${show(after)} after`)
  console.log(`clients that read: ${complete} of ${tally.received.length} got all ${panics} events`)
  for (const manner of MANNERS)
    console.log(`${manner}: ${tally.cutOff[manner] ?? 0} of ${clients / MANNERS.length} cut off`)
  console.log(`${left} clients connected when the last panic had been`)
  const median = roundTrips[Math.floor(roundTrips.length / 2)] ?? Number.NaN
  console.log(
    `query-status meanwhile, ${roundTrips.length} times: median ${median.toFixed(1)} ms, worst ${roundTrips.at(-1)?.toFixed(1)} ms`,
  )
  process.exitCode = complete === tally.received.length ? 0 : 1

  async function observe(): Promise<void> {
    while (storming) {
      const sent = performance.now()
      await observer.execute('query-status')
      roundTrips.push(performance.now() - sent)
      await sleep(20)
    }
  }

  async function askCrowd(expected: number): Promise<Tally> {
    crowd.send(expected)
    const [tally] = (await once(crowd, 'message')) as [Tally]
    return tally
  }
}

function collectGarbage(): void {
  ;(globalThis as { gc?: () => void }).gc?.()
}

function show(bytes: number): string {
  return `${(bytes / MIB).toFixed(0)} MiB`
}

/** The clients, in a process of their own so that the server's memory is the server's alone. */
function behave(path: string, clients: number): void {
  const received: number[] = []
  const cutOff: Record<string, number> = {}
  const sockets: Socket[] = []
  let connected = 0
  for (let index = 0; index < clients; index++) {
    const manner = MANNERS[index % MANNERS.length] ?? 'reads'
    const socket = connect({ path })
    sockets.push(socket)
    socket.once('connect', () => {
      connected++
      start(manner, socket, received)
      if (connected === clients) setTimeout(() => process.send?.('connected'), 500)
    })
    socket.on('error', () => {}) // 'close' follows
    socket.on('close', () => {
      cutOff[manner] = (cutOff[manner] ?? 0) + 1
    })
  }
  process.on('message', async (expected: number) => {
    for (let turn = 0; turn < 600 && received.some((count) => count < expected); turn++) await sleep(50)
    // Who has not read so far learns only now that the connection is gone.
    for (const socket of sockets) socket.resume()
    await sleep(FAREWELL_MS)
    process.send?.({ received, cutOff } satisfies Tally)
  })
}

const RUBBISH_MS = 100
const FAREWELL_MS = 3000
const RUBBISH = ['\0\0\0\n', '{]', '['.repeat(5000), '"unterminated', '\xff\xff\xff', '}'.repeat(50), '{"execute":1}']

function start(manner: Manner, socket: Socket, received: number[]): void {
  if (manner === 'reads') {
    const slot = received.push(0) - 1
    let lines = -2 // the greeting and the answer to the negotiation
    socket.write('{"execute":"qmp_capabilities"}')
    socket.on('data', (bytes) => {
      for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) lines++
      received[slot] = lines
    })
  } else if (manner === 'never reads events') socket.write('{"execute":"qmp_capabilities"}')
  else if (manner === 'sends rubbish') {
    let next = 0
    const timer = setInterval(
      () => socket.write(Buffer.from(RUBBISH[next++ % RUBBISH.length] ?? '', 'latin1')),
      RUBBISH_MS,
    )
    socket.on('data', () => {}).on('close', () => clearInterval(timer))
  } else if (manner === 'never reads answers') {
    socket.write('{"execute":"qmp_capabilities"}')
    socket.write('{"execute":"query-commands"}'.repeat(1000))
  }
}
