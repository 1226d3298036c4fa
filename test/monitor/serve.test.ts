// The socket servers: who can reach them, what is sent in which order, and what a client that misbehaves costs the others.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Machine } from '../../src/machine/machine.js'
import type { MachineOptions } from '../../src/machine/machine-options.js'
import { GuestMemory } from '../../src/monitor/qtest/guest-memory.js'
import { QmpClient, type QmpClientEvent, QmpConnectionError } from '../../src/monitor/server/qmp-client.js'
import { type MonitorServer, type ServeOptions, serve } from '../../src/monitor/server/serve.js'

let folder = ''
const cleanups: (() => unknown)[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'serve-test-'))
})

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
  rmSync(folder, { recursive: true, force: true })
})

interface Served {
  readonly machine: Machine
  readonly server: MonitorServer
  /** Addresses and paths of the two sockets. */
  readonly qmp: string
  readonly qtest: string
}

async function start(options: MachineOptions = {}, more: ServeOptions = {}): Promise<Served> {
  const machine = new Machine(options)
  const [qmp, qtest] = [join(folder, 'qmp'), join(folder, 'qtest')]
  const memory = new GuestMemory(1 << 20)
  const server = await serve(machine, { qmp: [`unix:${qmp}`], qtest: [`unix:${qtest}`], memory, ...more })
  cleanups.push(() => server.close())
  return { machine, server, qmp, qtest }
}

/** A client that reads all and shows it. */
class RawClient {
  readonly socket: Socket
  readonly closed: Promise<unknown>
  text = ''

  constructor(address: string | { host: string; port: number }) {
    this.socket = connect(typeof address === 'string' ? { path: address } : address)
    this.socket.setEncoding('latin1').on('data', (text) => {
      this.text += text
    })
    this.socket.on('error', () => {})
    this.closed = new Promise((resolve) => this.socket.on('close', resolve))
    cleanups.push(() => this.socket.destroy())
  }

  async upTo(end: string | RegExp): Promise<string> {
    await until(() => (typeof end === 'string' ? this.text.endsWith(end) : end.test(this.text)))
    return this.text
  }
}

/** Lets the event loop turn until it is so; the test's time limit ends it otherwise. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await nextTurn()
}

async function qmpClient(path: string, onEvent: (event: QmpClientEvent) => void = () => {}): Promise<QmpClient> {
  const client = await QmpClient.connect(`unix:${path}`, { onEvent })
  cleanups.push(() => client.close())
  return client
}

describe('serve', () => {
  it('makes sockets that their owner alone can reach, and takes them away again', async () => {
    const { server, qmp, qtest } = await start()
    expect([qmp, qtest].map((path) => statSync(path).mode & 0o777)).toEqual([0o600, 0o600])
    await server.close()
    expect([qmp, qtest].map((path) => existsSync(path))).toEqual([false, false])
  })

  it('replaces a socket that nobody serves any more', async () => {
    const stale = join(folder, 'qmp')
    const program = `require('net').createServer().listen(${JSON.stringify(stale)}, () => process.kill(process.pid, 'SIGKILL'))`
    spawnSync(process.execPath, ['-e', program])
    expect(statSync(stale).isSocket()).toBe(true)
    const { qmp } = await start()
    expect(await (await qmpClient(qmp)).execute('query-name')).toEqual({})
  })

  it('leaves a socket alone that a program serves', async () => {
    const path = join(folder, 'qmp')
    const other = createServer().listen(path)
    await once(other, 'listening')
    cleanups.push(() => other.close())
    await expect(serve(new Machine(), { qmp: [`unix:${path}`] })).rejects.toThrow('another program listens there')
    expect(statSync(path).isSocket()).toBe(true)
  })

  it('leaves a socket alone whose program has no room for another connection', async () => {
    const path = join(folder, 'qmp')
    const program = `require('net').createServer().listen({ path: ${JSON.stringify(path)}, backlog: 1 }, () => console.log())`
    const other = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
    cleanups.push(() => other.kill('SIGKILL'))
    await once(other.stdout, 'data')
    other.kill('SIGSTOP')
    const queue = Array.from({ length: 4 }, () => connect({ path }).on('error', () => {}))
    cleanups.push(...queue.map((socket) => () => socket.destroy()))
    await until(() => queue.every(({ connecting }) => !connecting))
    await expect(serve(new Machine(), { qmp: [`unix:${path}`] })).rejects.toThrow('may use this socket (EAGAIN)')
    expect(statSync(path).isSocket()).toBe(true)
  })

  it('leaves a socket alone that this user must not connect to', async () => {
    const path = join(folder, 'qmp')
    const other = createServer().listen(path)
    await once(other, 'listening')
    cleanups.push(() => other.close())
    chmodSync(folder, 0o755)
    chmodSync(path, 0)
    const isRoot = process.geteuid?.() === 0
    if (isRoot) process.seteuid?.(65534)
    try {
      await expect(serve(new Machine(), { qmp: [`unix:${path}`] })).rejects.toThrow('may use this socket (EACCES)')
    } finally {
      if (isRoot) process.seteuid?.(0)
    }
    expect(statSync(path).isSocket()).toBe(true)
  })

  it('never removes a file, and serves nothing if one address cannot be had', async () => {
    const path = join(folder, 'data')
    writeFileSync(path, 'precious')
    chmodSync(path, 0o600)
    const first = join(folder, 'first')
    const serving = serve(new Machine(), { qmp: [`unix:${first}`, `unix:${path}`] })
    await expect(serving).rejects.toThrow('exists and is no socket; it is left as it is')
    expect(readFileSync(path, 'utf8')).toBe('precious')
    expect(existsSync(first)).toBe(false)
  })

  it.each([
    ['unix:', 'expected unix:PATH or tcp:HOST:PORT'],
    [`unix:${'x'.repeat(108)}`, "a socket's path can have 107 bytes"],
    ['tcp:localhost', 'expected unix:PATH or tcp:HOST:PORT'],
    ['tcp::65536', 'a port from 0 to 65535'],
    ['4444', 'expected unix:PATH or tcp:HOST:PORT'],
  ])('refuses the address %s', async (address, message) => {
    await expect(serve(new Machine(), { qmp: [address] })).rejects.toThrow(message)
  })

  it('serves TCP on the loopback interface unless told otherwise, and warns then', async () => {
    const warnings: string[] = []
    const { server } = await start({}, { onWarning: (text) => warnings.push(text) })
    const local = await server.listen('qmp', { host: '127.0.0.1', port: 0 })
    expect(warnings).toEqual([])
    await server.listen('qtest', { host: '0.0.0.0', port: 0 })
    expect(warnings).toEqual([
      expect.stringMatching(
        /^tcp:0\.0\.0\.0:[1-9]\d* can be reached by other computers, and qtest asks for no password$/,
      ),
    ])
    const client = await QmpClient.connect(`tcp::${'port' in local ? local.port : 0}`)
    cleanups.push(() => client.close())
    expect(await client.execute('query-status')).toEqual({ status: 'running', running: true })
  })

  it('takes an address for loopback by what was bound, not by its name', async () => {
    const warnings: string[] = []
    const { server } = await start({}, { onWarning: (text) => warnings.push(text) })
    await expect(server.listen('qmp', { host: '127.evil.invalid', port: 0 })).rejects.toThrow('127.evil.invalid')
    await server.listen('qmp', { host: 'localhost', port: 0 })
    await server.listen('qmp', { host: '127.0.0.2', port: 0 })
    expect(warnings).toEqual([])
    await server.listen('qmp', { host: '::', port: 0 })
    expect(warnings).toEqual([expect.stringMatching(/^tcp:\[::\]:\d+ can be reached by other computers/)])
  })

  it.each([
    ['an HTTP request', 'POST / HTTP/1.1\r\nContent-Type: text/plain\r\n\r\n'],
    ['an HTTP request behind another line', '{"execute":"query-name"}\nGET / HTTP/1.1\r\n\r\n'],
    ['a TLS handshake', '\x16\x03\x01\x02\x00'],
  ])('ends a TCP connection that begins %s, before what follows it', async (_, opening) => {
    const { machine, server } = await start()
    const bound = await server.listen('qmp', { host: '127.0.0.1', port: 0 })
    for (const pieceLength of [1, 1 << 16]) {
      const browser = new RawClient({ host: '127.0.0.1', port: 'port' in bound ? bound.port : 0 })
      const request = `${opening}{"execute":"qmp_capabilities"}{"execute":"quit"}\n`
      for (let at = 0; at < request.length; at += pieceLength) {
        browser.socket.write(Buffer.from(request.slice(at, at + pieceLength), 'latin1'))
        if (pieceLength === 1 && at < 10) await nextTurn()
      }
      await browser.closed
    }
    expect([machine.exitCode, server.clients]).toEqual([undefined, 0])
  })

  it('turns away who connects beyond the limit, and says so once', async () => {
    const warnings: string[] = []
    const { server, qmp } = await start({}, { clientLimit: 2, onWarning: (text) => warnings.push(text) })
    const [first, second] = [new RawClient(qmp), new RawClient(qmp)]
    await Promise.all([first.upTo('\r\n'), second.upTo('\r\n')])
    const others = [new RawClient(qmp), new RawClient(qmp)]
    await Promise.all(others.map(({ closed }) => closed))
    expect([server.clients, warnings]).toEqual([2, [`unix:${qmp}: refusing connections, 2 are open`]])
    first.socket.destroy()
    await until(() => server.clients < 2)
    expect(await (await qmpClient(qmp)).execute('query-name')).toEqual({})
  })

  it('answers one client while others fill all of memory and more, again and again', async () => {
    const { qmp, qtest } = await start({}, { memory: new GuestMemory(64 << 20) })
    const order: string[] = []
    const floods = Array.from({ length: 4 }, () => new RawClient(qtest))
    for (const flood of floods) {
      flood.socket.on('data', () => order.push('filled')).write('memset 0x0 0xffffffffffffffff 1\n'.repeat(50))
    }
    await until(() => order.includes('filled'))
    const client = await qmpClient(qmp)
    for (let i = 0; i < 5; i++) {
      await client.execute('query-status')
      order.push('answered')
    }
    const fillsMeanwhile = order
      .slice(order.indexOf('answered'), order.lastIndexOf('answered'))
      .filter((what) => what === 'filled')
    // One fill is 16,384 steps: a client that had to wait for whole commands would see at least four between two answers.
    expect(fillsMeanwhile.length).toBeLessThan(4)
  })

  it('sends a guest’s events to every client that has negotiated, before the guest’s write is answered', async () => {
    const { qmp, qtest } = await start({ onPanic: 'preserve' })
    const names: string[][] = [[], []]
    const clients = await Promise.all(names.map((list) => qmpClient(qmp, ({ event }) => list.push(event))))
    const silent = new RawClient(qmp)
    await silent.upTo('\r\n')
    const greeting = silent.text
    const guest = new RawClient(qtest)
    guest.socket.write('outl 0x505 0x01010102\n')
    await guest.upTo('OK\n')
    await Promise.all(clients.map((client) => client.execute('query-status')))
    const expected = ['GUEST_CRASHLOADED', 'GUEST_PANICKED', 'STOP', 'GUEST_PANICKED', 'GUEST_PANICKED']
    expect(names).toEqual([expected, expected])
    expect(silent.text).toBe(greeting)
  })

  it('answers all that a client asked before it closed its side', async () => {
    const { qmp, qtest } = await start()
    const [asker, guest] = [new RawClient(qmp), new RawClient(qtest)]
    asker.socket.end(`{"execute":"qmp_capabilities"}${'{"execute":"query-uuid"}'.repeat(1000)}`)
    guest.socket.end('inb 0x505\n'.repeat(1000))
    await Promise.all([asker.closed, guest.closed])
    expect([asker.text.match(/UUID/g)?.length, guest.text]).toEqual([1000, 'OK 0x0007\n'.repeat(1000)])
  })

  it('puts a command’s events before its answer', async () => {
    const { qmp } = await start()
    const raw = new RawClient(qmp)
    raw.socket.write('{"execute":"qmp_capabilities"}{"execute":"stop","id":1}{"execute":"cont","id":2}')
    const text = await raw.upTo(/"id": 2}\r\n$/)
    expect(text.match(/STOP|RESUME|"id": \d/g)).toEqual(['STOP', '"id": 1', 'RESUME', '"id": 2'])
  })

  it('answers the command that ends the machine, then closes every connection', async () => {
    const { machine, server, qmp, qtest } = await start()
    const raw = new RawClient(qmp)
    raw.socket.write('{"execute":"qmp_capabilities"}')
    await raw.upTo('{"return": {}}\r\n')
    const guest = new RawClient(qtest)
    const other = await qmpClient(qmp)
    const shutdown = other.waitFor('SHUTDOWN', { guest: false, reason: 'host-qmp-quit' })
    raw.socket.write('{"execute":"quit","id":"last"}')
    await Promise.all([raw.closed, guest.closed, other.closed, shutdown, server.ended])
    expect(raw.text).toMatch(/"SHUTDOWN".*\r\n{"return": {}, "id": "last"}\r\n$/)
    expect([machine.exitCode, server.clients, existsSync(qmp)]).toEqual([0, 0, false])
  })

  it('ends with the machine although nobody is connected', async () => {
    const { machine, server, qmp } = await start({ onPanic: 'destroy' })
    machine.bus.outb(0x505, 1)
    await server.ended
    expect(existsSync(qmp)).toBe(false)
  })

  it('answers the write that ends the machine, and the events have come before', async () => {
    const { server, qmp, qtest } = await start({ onPanic: 'destroy', panicExitCode: 1 })
    const events: string[] = []
    const watcher = await qmpClient(qmp, ({ event }) => events.push(event))
    const guest = new RawClient(qtest)
    guest.socket.write('outb 0x505 1\n')
    await Promise.all([guest.closed, watcher.closed, server.ended])
    expect([guest.text, events]).toEqual(['OK\n', ['GUEST_PANICKED', 'STOP', 'SHUTDOWN']])
  })

  it('cuts off a client that does not read events, and nobody else notices', async () => {
    const eventLimit = 1 << 20
    const { machine, server, qmp } = await start({ onPanic: 'log' }, { eventLimit })
    let heard = 0
    const reader = await qmpClient(qmp, () => heard++)
    const sleeper = connect({ path: qmp })
    sleeper.on('error', () => {})
    cleanups.push(() => sleeper.destroy())
    sleeper.write('{"execute":"qmp_capabilities"}')
    await until(() => server.clients === 2)
    sleeper.pause()
    let panics = 0
    while (server.clients === 2 && panics < 200_000) {
      for (let count = 0; count < 500; count++, panics++) machine.bus.outb(0x505, 1)
      await reader.execute('query-status')
    }
    expect(server.clients).toBe(1)
    expect(heard).toBe(panics)
  })

  it('carries out no more commands of a client that does not read the answers, until it does', async () => {
    const { machine, qmp } = await start()
    let presses = 0
    machine.on('POWERDOWN', () => presses++)
    const rude = connect({ path: qmp })
    cleanups.push(() => rude.destroy())
    rude.pause()
    const commands = 20_000
    rude.write('{"execute":"qmp_capabilities"}')
    rude.write('{"execute":"system_powerdown"}'.repeat(commands))
    // The other one's answers come while the rude one's commands are carried out, and when they stand.
    const other = await qmpClient(qmp)
    let meanwhile = -1
    while (meanwhile < presses || presses === 0) {
      meanwhile = presses
      for (let i = 0; i < 10; i++)
        expect(await other.execute('query-status')).toEqual({ status: 'running', running: true })
    }
    expect(meanwhile).toBeLessThan(commands / 2)
    rude.resume()
    await until(() => presses === commands)
  })

  it('makes no more long answers than one for a client that reads none', async () => {
    let reads = 0
    const { qmp, qtest } = await start({}, { memory: { read: () => reads++, write() {} } })
    const rude = connect({ path: qtest })
    cleanups.push(() => rude.destroy())
    rude.pause()
    rude.write('read 0 524224\n'.repeat(70))
    const status = { status: 'running', running: true }
    const other = await qmpClient(qmp)
    for (let i = 0; i < 20; i++) expect(await other.execute('query-status')).toEqual(status)
    expect(reads).toBe(1)
  })

  it('closes although a client has gone whose commands were never looked at', async () => {
    const { server, qmp } = await start()
    const rude = connect({ path: qmp })
    rude.on('error', () => {})
    rude.pause()
    rude.write('{"execute":"query-version"}'.repeat(20_000))
    await until(() => server.clients === 1)
    rude.destroy()
    await server.close()
    expect(server.clients).toBe(0)
  })

  it('survives rubbish of every kind', async () => {
    const { qmp, qtest } = await start()
    const rubbish = [
      '\0\0\0',
      '{]',
      '\xff'.repeat(5000),
      '['.repeat(100_000),
      `"${'x'.repeat(1 << 20)}`,
      'GET / HTTP/1.1\r\n\r\n',
    ]
    for (const path of [qmp, qtest]) {
      for (const bytes of rubbish) {
        const client = new RawClient(path)
        client.socket.end(Buffer.from(bytes, 'latin1'))
        await client.closed
        if (path === qmp) expect(client.text).toMatch(/^{"QMP": .*}\r\n({"error": .*}\r\n)*$/)
        else expect(client.text).toMatch(/^((FAIL|ERR) [^\n]*\n)*$/)
      }
    }
    expect(await (await qmpClient(qmp)).execute('query-status')).toEqual({ status: 'running', running: true })
  })
})

describe('the QMP client', () => {
  it('rejects what the server refuses with its class and description', async () => {
    const { qmp } = await start()
    const client = await qmpClient(qmp)
    const refusal = { name: 'QmpError', class: 'CommandNotFound', desc: 'The command nope has not been found' }
    await expect(client.execute('nope')).rejects.toMatchObject(refusal)
  })

  it('matches several answers under way to their commands', async () => {
    const { qmp } = await start()
    const client = await qmpClient(qmp)
    const answers = ['query-uuid', 'query-name', 'query-status'].map((command) => client.execute(command))
    expect(await Promise.all(answers)).toEqual([
      { UUID: '00000000-0000-0000-0000-000000000000' },
      {},
      { status: 'running', running: true },
    ])
  })

  it('gives up on a server that does not answer', async () => {
    const path = join(folder, 'silent')
    const silent = createServer().listen(path)
    await once(silent, 'listening')
    cleanups.push(() => silent.close())
    await expect(QmpClient.connect(`unix:${path}`, { timeoutMs: 50 })).rejects.toThrow('no greeting within 50 ms')
  })

  it('rejects what is under way when the server goes', async () => {
    const path = join(folder, 'short')
    const server = createServer((socket) => {
      socket.write('{"QMP": {"version": {}, "capabilities": []}}\r\n')
      socket.on('data', (bytes) => {
        if (bytes.includes('qmp_capabilities')) socket.write('{"return": {}, "id": 1}\r\n')
        else socket.destroy()
      })
    }).listen(path)
    await once(server, 'listening')
    cleanups.push(() => server.close())
    const client = await qmpClient(path)
    await expect(client.execute('query-status')).rejects.toThrow(QmpConnectionError)
    await expect(client.execute('query-status')).rejects.toThrow('the server closed the connection')
  })

  it('does not take something else for a QMP server', async () => {
    const path = join(folder, 'http')
    const server = createServer((socket) => socket.write('HTTP/1.1 400 Bad Request\r\n')).listen(path)
    await once(server, 'listening')
    cleanups.push(() => server.close())
    await expect(QmpClient.connect(`unix:${path}`)).rejects.toThrow('the server sent a line that is no QMP message')
  })
})
