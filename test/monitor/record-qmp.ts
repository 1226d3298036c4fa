// `tsx test/monitor/record-qmp.ts [title ...]`: talks QMP to the QEMU that is installed, or that the environment variable
// QEMU names, and records what it answers.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { QEMU_PROGRAM, qemuVersion } from '../qemu/qemu-process.js'
import { CONVERSATIONS, FRAGMENTS } from './qmp-conversations.js'
import {
  bytesOf,
  type Exchange,
  normalise,
  type QmpRecording,
  RESYNC,
  RESYNC_REPLY,
  type RecordedConversation,
  type RecordedTree,
  readQmpRecording,
  recordingUrl,
  type Send,
  seriesOf,
} from './qmp-recording.js'

const BIOS_BYTES = 65_536
const HLT = 0xf4
/** Output has ended when nothing came for so long; QEMU takes its time over deep nesting and over finding devices. */
const QUIET_MS = 150
const SLOW_MS = 1500
const isSlow = (send: Send) => typeof send !== 'string' || send.includes('device_add')
const FUZZ_ROUNDS = 1500
const FUZZ_SEED = 20_130_821
const TREE_PORTS = [0, 3, 0x0b, 0x80, 0x82, 0x87, 0xc4, 0xd1, 0x505, 0xffff]

/** A running QEMU and the raw bytes of its monitor. */
class RawMonitor {
  readonly #folder: string
  readonly #child: ChildProcess
  readonly #socket: Socket
  #output = ''
  #ended = false

  private constructor(folder: string, child: ChildProcess, socket: Socket) {
    this.#folder = folder
    this.#child = child
    this.#socket = socket
    socket.setEncoding('latin1').on('data', (text) => {
      this.#output += text
    })
    socket
      .on('error', () => {})
      .on('close', () => {
        this.#ended = true
      })
  }

  static async start(args: readonly string[]): Promise<RawMonitor> {
    const folder = await mkdtemp(join(tmpdir(), 'record-qmp-'))
    const bios = join(folder, 'halt.bin')
    await writeFile(bios, new Uint8Array(BIOS_BYTES).fill(HLT))
    const server = createServer().listen(join(folder, 'qmp'))
    await once(server, 'listening')
    const child = spawn(
      QEMU_PROGRAM,
      [
        '-nodefaults',
        '-display',
        'none',
        '-accel',
        'tcg',
        '-bios',
        bios,
        '-qmp',
        `unix:${join(folder, 'qmp')}`,
        ...args,
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    )
    const [socket] = (await once(server, 'connection')) as [Socket]
    server.close()
    return new RawMonitor(folder, child, socket)
  }

  async send(send: Send): Promise<void> {
    for (const bytes of bytesOf(send)) {
      if (!this.#ended) await new Promise((resolve) => this.#socket.write(bytes, resolve))
    }
  }

  async takeGreeting(): Promise<string> {
    while (this.#output === '') await sleep(1)
    return this.takeQuiet()
  }

  /** All that has come once nothing comes any more. */
  async takeQuiet(quiet = QUIET_MS): Promise<string> {
    for (let seen = -1; seen !== this.#output.length && !this.#ended; ) {
      seen = this.#output.length
      await sleep(quiet)
    }
    return this.#take()
  }

  /** All that has come up to a line, which the next output must end with. */
  async takeUpTo(line: string): Promise<string> {
    while (!this.#output.endsWith(`${line}\r\n`)) await sleep(1)
    return this.#take()
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL')
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit')
    this.#socket.destroy()
    await rm(this.#folder, { recursive: true, force: true })
  }

  #take(): string {
    const output = this.#output + (this.#ended ? '(end)' : '')
    this.#output = ''
    return output
  }
}

async function recordConversation(
  title: string,
  args: readonly string[],
  sends: readonly Send[],
): Promise<RecordedConversation> {
  const monitor = await RawMonitor.start(args)
  const greeting = normalise(await monitor.takeGreeting())
  const exchanges: Exchange[] = []
  for (const send of sends) {
    await monitor.send(send)
    exchanges.push({ send, output: normalise(await monitor.takeQuiet(isSlow(send) ? SLOW_MS : QUIET_MS)) })
  }
  await monitor.stop()
  return { title, arguments: args, greeting, exchanges }
}

async function recordFuzz(): Promise<Exchange[]> {
  const random = randomNumbers(FUZZ_SEED)
  const monitor = await RawMonitor.start([])
  await monitor.takeQuiet()
  await monitor.send('{"execute":"qmp_capabilities"}')
  await monitor.takeQuiet()
  const exchanges: Exchange[] = []
  for (let round = 0; round < FUZZ_ROUNDS; round++) {
    const length = 1 + random(14)
    const send = Array.from({ length }, () => FRAGMENTS[random(FRAGMENTS.length)] ?? '').join('')
    await monitor.send(send + RESYNC)
    const output = await monitor.takeUpTo(RESYNC_REPLY)
    exchanges.push({ send, output: normalise(output) })
  }
  await monitor.stop()
  return exchanges
}

async function recordCommands(): Promise<string[]> {
  const { exchanges } = await recordConversation(
    'commands',
    [],
    ['{"execute":"qmp_capabilities"}', '{"execute":"query-commands"}'],
  )
  const [line] = exchanges[1]?.output ?? []
  const reply = JSON.parse(String(line)) as { return: { name: string }[] }
  return reply.return.map(({ name }) => name)
}

async function recordTree(ioport: number): Promise<RecordedTree> {
  const show = '{"execute":"human-monitor-command","arguments":{"command-line":"info mtree -f"}}'
  const args = ['-device', `pvpanic,ioport=${ioport}`]
  const { exchanges } = await recordConversation('tree', args, ['{"execute":"qmp_capabilities"}', show])
  const [line] = exchanges[1]?.output ?? []
  const reply = JSON.parse(String(line)) as { return: string }
  return { ioport, lines: reply.return.split('\r\n').filter((entry) => /: (dma-|pvpanic)/.test(entry)) }
}

/** A linear congruential generator, so that a seed means the same everywhere. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const OTHER_PARTS = ['fuzz', 'commands', 'trees'] as const

async function recordTrees(): Promise<RecordedTree[]> {
  const trees: RecordedTree[] = []
  for (const port of TREE_PORTS) trees.push(await recordTree(port))
  return trees
}

/** What was recorded before, and is not to be recorded again. */
function previous(): QmpRecording {
  if (existsSync(url)) return readQmpRecording(series)
  return { program: '', conversations: [], fuzz: [], commands: [], trees: [] }
}

function save(recording: QmpRecording): void {
  mkdirSync(new URL('.', url), { recursive: true })
  writeFileSync(url, gzipSync(JSON.stringify(recording), { level: 9 }))
}

const program = await qemuVersion()
const series = seriesOf(program)
const url = recordingUrl(series)
const wanted = process.argv.slice(2)
const isWanted = (title: string) => wanted.length === 0 || wanted.includes(title)
const recording = { ...previous(), program }
for (const { title, arguments: args, sends } of CONVERSATIONS.filter((conversation) => isWanted(conversation.title))) {
  console.log(title)
  const recorded = await recordConversation(title, args, sends)
  const others = recording.conversations.filter((conversation) => conversation.title !== title)
  recording.conversations = [...others, recorded]
  save(recording)
}
const recorders = { fuzz: recordFuzz, commands: recordCommands, trees: recordTrees }
for (const part of OTHER_PARTS.filter(isWanted)) {
  console.log(part)
  Object.assign(recording, { [part]: await recorders[part]() })
  save(recording)
}
console.log(`${statSync(url).size} bytes`)
