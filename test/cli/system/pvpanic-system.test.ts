// The two programs that serve a machine, from the outside: how they connect, what they print, how they end.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { serveCommand } from '../../../src/cli/serve.js'
import { startSystem } from '../../../src/cli/system/system.js'
import { Terminal } from '../../../src/cli/terminal.js'
import { QmpClient } from '../../../src/monitor/server/qmp-client.js'

const PROGRAM = fileURLToPath(new URL('../../../src/cli/system/main.ts', import.meta.url))

let folder = ''
const children: ChildProcess[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'system-test-'))
})

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

interface Program {
  readonly child: ChildProcess
  readonly exited: Promise<number | null>
  stdout: string
  stderr: string
}

function start(...args: string[]): Program {
  const child = spawn(process.execPath, ['--import', 'tsx', PROGRAM, ...args], { stdio: 'pipe' })
  children.push(child)
  const exited = once(child, 'close').then(([code]) => code as number | null)
  const program: Program = { child, exited, stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    program.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    program.stderr += text
  })
  return program
}

/** Listens as a program that starts QEMU does; gives who calls. */
async function awaitCall(name: string): Promise<{ path: string; call: Promise<Socket> }> {
  const path = join(folder, name)
  const server = createServer().listen(path)
  await once(server, 'listening')
  const call = once(server, 'connection').then(([socket]) => {
    server.close()
    return socket as Socket
  })
  return { path, call }
}

describe('pvpanic-system-x86_64', () => {
  it('calls who started it, serves the guest’s accesses, and ends at SIGTERM', async () => {
    const [qtest, qmp] = [await awaitCall('qtest'), await awaitCall('qmp')]
    const log = join(folder, 'log')
    const options = ['-nodefaults', '-display', 'none', '-accel', 'tcg', '-qtest-log', log, '-action', 'shutdown=pause']
    const program = start(...options, '-qtest', `unix:${qtest.path}`, '-qmp', `unix:${qmp.path}`, '-device', 'pvpanic')
    const guest = await qtest.call
    const client = await QmpClient.over(await qmp.call)
    guest.write('outb 0x505 1\n')
    const [reply] = (await once(guest, 'data')) as [Buffer]
    expect([reply.toString(), await client.execute('query-status')]).toEqual([
      'OK\n',
      { status: 'guest-panicked', running: false },
    ])
    const shutdown = client.waitFor('SHUTDOWN', { guest: false, reason: 'host-signal' })
    program.child.kill('SIGTERM')
    await Promise.all([shutdown, client.closed])
    expect([await program.exited, program.stdout, program.stderr]).toEqual([0, '', ''])
    const stamp = /\d+\.\d{6}/g
    expect(readFileSync(log, 'utf8').replace(stamp, 'T')).toBe('[I T] OPENED\n[R +T] outb 0x505 1\n[S +T] OK\n')
  })

  it('speaks qtest on standard input and output, and exits as a failing panic asks', async () => {
    const program = start(
      '-qtest',
      'stdio',
      '-qtest-log',
      'none',
      '-device',
      'pvpanic',
      '-action',
      'panic=exit-failure',
    )
    program.child.stdin?.write('inb 0x505\noutb 0x505 1\n')
    expect([await program.exited, program.stdout, program.stderr]).toEqual([1, 'OK 0x0007\nOK\n', ''])
  })

  it('listens for QMP where a chardev and a monitor ask for it', async () => {
    const path = join(folder, 'qmp')
    const options = ['-chardev', `socket,id=m,path=${path},server=on,wait=off`, '-mon', 'chardev=m,mode=control']
    const { server } = await startSystem([...options, '-global', 'pvpanic.ioport=0', '-device', 'pvpanic'], () => {})
    const client = await QmpClient.connect(`unix:${path}`)
    const device = { path: '/machine/peripheral-anon/device[0]', property: 'ioport' }
    expect(await client.execute('qom-get', device)).toBe(0)
    client.close()
    await server.close()
  })

  it('says what is wrong, and exits with 1', async () => {
    const program = start('-device', 'pvpanic,ioport=0x10000')
    expect([await program.exited, program.stdout, program.stderr]).toEqual([
      1,
      '',
      "pvpanic-system-x86_64: -device pvpanic,ioport=0x10000: Parameter 'ioport' expects uint16_t\n",
    ])
  })

  it('keeps its number in a file until it ends', async () => {
    const [qmp, pidFile] = [await awaitCall('qmp'), join(folder, 'pid')]
    const program = start('-qmp', `unix:${qmp.path}`, '-pidfile', pidFile)
    const client = await QmpClient.over(await qmp.call)
    while (!existsSync(pidFile)) await nextTurn()
    expect(readFileSync(pidFile, 'utf8')).toBe(`${program.child.pid}\n`)
    await client.execute('quit')
    expect([await program.exited, existsSync(pidFile)]).toEqual([0, false])
  })

  it('goes on in the background once its sockets are open', async () => {
    const path = join(folder, 'qmp')
    const pidFile = join(folder, 'pid')
    const program = start('-daemonize', '-qmp', `unix:${path},server=on,wait=off`, '-pidfile', pidFile)
    expect([await program.exited, program.stdout, program.stderr]).toEqual([0, '', ''])
    const client = await QmpClient.connect(`unix:${path}`)
    expect(await client.execute('query-status')).toEqual({ status: 'running', running: true })
    await client.execute('quit')
    await client.closed
    while (existsSync(pidFile)) await nextTurn()
  })

  it('says what is wrong before it goes to the background', async () => {
    const program = start('-daemonize', '-qmp', 'unix:/nonexistent/qmp,server=on,wait=off')
    expect([await program.exited, program.stderr]).toEqual([
      1,
      'pvpanic-system-x86_64: -qmp unix:/nonexistent/qmp,server=on,wait=off: Failed to bind socket to /nonexistent/qmp: No such file or directory\n',
    ])
  })

  it('ends with the process that started it, if asked to', async () => {
    const qmp = await awaitCall('qmp')
    const args = ['--import', 'tsx', PROGRAM, '-qmp', `unix:${qmp.path}`, '-run-with', 'exit-with-parent=on']
    const middle = `require('child_process').spawn(process.execPath, ${JSON.stringify(args)}, { stdio: 'ignore' })`
    const parent = spawn(process.execPath, ['-e', middle], { stdio: 'ignore' })
    const client = await QmpClient.over(await qmp.call)
    const shutdown = client.waitFor('SHUTDOWN', { guest: false, reason: 'host-signal' })
    parent.kill('SIGKILL')
    await Promise.all([shutdown, client.closed])
  })

  it('waits for x-exit-preconfig, and then starts the guest unless told not to', async () => {
    for (const [options, state] of [
      [['--preconfig'], 'running'],
      [['--preconfig', '-S'], 'prelaunch'],
    ] as const) {
      const path = join(folder, state)
      const { server, machine } = await startSystem([...options, '-qmp', `unix:${path},server=on,wait=off`], () => {})
      const client = await QmpClient.connect(`unix:${path}`)
      await expect(client.execute('cont')).rejects.toThrow(
        "The command 'cont' is permitted only after machine initialization",
      )
      await client.execute('x-exit-preconfig')
      expect(machine.runState).toBe(state)
      client.close()
      await server.close()
    }
  })

  it('tells which QEMU it behaves like', async () => {
    const program = start('-as-qemu', '7.2.22', '-version')
    expect([await program.exited, program.stdout]).toEqual([0, 'QEMU emulator version 7.2.22 (isa-pvpanic)\n'])
  })
})

describe('isa-pvpanic serve', () => {
  it('prints its addresses, and ends with the machine’s exit code', async () => {
    const address = `unix:${join(folder, 'qmp')}`
    const lines: string[] = []
    const codes: number[] = []
    const terminal = new Terminal({
      out: (text) => lines.push(text),
      err: (text) => lines.push(text),
      colours: false,
    })
    const command = serveCommand(terminal, (code) => codes.push(code))
    const options = ['--qmp', address, '--on-panic', 'destroy', '--exit-failure', '--iobase', '0', '--qemu', '7.2']
    const running = command.parseAsync(options, { from: 'user' })
    while (lines.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    const client = await QmpClient.connect(address)
    expect(await client.execute('human-monitor-command', { 'command-line': 'i /b 0' })).toBe('portb[0x0000] = 0x03\r\n')
    await client.execute('human-monitor-command', { 'command-line': 'o /b 0 1' })
    await running
    expect([lines, codes]).toEqual([[`qmp ${address}\n`], [1]])
  })
})
