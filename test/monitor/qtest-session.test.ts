// Holds qtest sessions against recorded replies of a real QEMU, and against input on which QEMU aborts.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Machine } from '../../src/machine/machine.js'
import type { MachineOptions } from '../../src/machine/machine-options.js'
import { GuestMemory } from '../../src/monitor/qtest/guest-memory.js'
import { QtestSession, type QtestSessionOptions } from '../../src/monitor/qtest/session.js'

const { replies } = JSON.parse(readFileSync(new URL('recordings/qtest.json', import.meta.url), 'utf8')) as {
  replies: [string, string][]
}

class Client {
  readonly machine: Machine
  readonly #session: QtestSession
  closed = false
  #output: string[] = []

  constructor(machine: MachineOptions = {}, options: Partial<QtestSessionOptions> = {}) {
    this.machine = new Machine({ qemu: '7.2', ...machine })
    this.#session = new QtestSession(this.machine, {
      send: (bytes) => this.#output.push(Buffer.from(bytes).toString('latin1')),
      close: () => {
        this.closed = true
      },
      ...options,
    })
  }

  say(bytes: string | Uint8Array): string {
    this.#session.receive(typeof bytes === 'string' ? Buffer.from(bytes) : bytes)
    return this.#output.splice(0).join('')
  }
}

describe('a qtest session', () => {
  it('replies as QEMU did', () => {
    const client = new Client({}, { memory: new GuestMemory(128 << 20) })
    for (const [line, reply] of replies) {
      expect([line, client.say(`${line}\n`)]).toEqual([line, `${Buffer.from(reply).toString('latin1')}\n`])
    }
  })

  it('answers lines in order, whatever pieces they come in', () => {
    const lines = replies.slice(0, 40)
    const whole = new Client({}, { memory: new GuestMemory(128 << 20) })
    const expected = whole.say(lines.map(([line]) => `${line}\n`).join(''))
    const pieces = new Client({}, { memory: new GuestMemory(128 << 20) })
    const got = lines.map(([line]) => [...`${line}\n`].map((character) => pieces.say(character)).join('')).join('')
    expect(got).toBe(expected)
    expect(expected.split('\n')).toHaveLength(lines.length + 1)
  })

  it.each([
    ['', 'the line is empty'],
    ['inb', 'inb: port is missing'],
    ['outb 0x505', 'outb: value is missing'],
    ['inb  0x505', 'inb: port must be a number such as 1285, 0x505 or 02405, got ""'],
    ['inb 0x505\r', 'inb: port must be a number such as 1285, 0x505 or 02405, got "0x505\\r"'],
    ['inb \0', 'inb: port must be a number such as 1285, 0x505 or 02405, got "\\u0000"'],
    ['inb five', 'inb: port must be a number such as 1285, 0x505 or 02405, got "five"'],
    ['inb 08', 'inb: port must be a number such as 1285, 0x505 or 02405, got "08"'],
    ['inb 0x', 'inb: port must be a number such as 1285, 0x505 or 02405, got "0x"'],
    ['inb 0x10000', 'inb: port must be at most 0xffff, got 0x10000'],
    ['inb -1', 'inb: port must be at most 0xffff, got 0xffffffffffffffff'],
    ['outb 0x505 18446744073709551616', 'outb: value must fit 64 bits, got "18446744073709551616"'],
    ['read 0 0', 'read: size must be at least 1, got 0'],
    ['read 0 0xffffffff', 'read: size must be at most 0x7ffc0, got 0xffffffff'],
    ['write 0 4', 'write: data is missing'],
    ['write 0 0x7fffffffffffffff 0x00', 'write: size must be at most 0x7ffc0, got 0x7fffffffffffffff'],
    ['memset 0 1', 'memset: value is missing'],
    ['clock_set', 'clock_set: nanoseconds is missing'],
    ['irq_intercept_in', 'irq_intercept_in: path is missing'],
    ['set_irq_in a b c 1', 'set_irq_in: number must be a number such as 1285, 0x505 or 02405, got "c"'],
    [
      'set_irq_in /machine/peripheral-anon/device[0] x 0 1',
      'set_irq_in: device "/machine/peripheral-anon/device[0]" has no interrupt input',
    ],
    ['module_load a', 'module_load: library is missing'],
  ])('answers %j, on which QEMU aborts, by one line and goes on', (line, complaint) => {
    const client = new Client()
    expect(client.say(`${line}\ninb 0x505\n`)).toBe(`ERR ${complaint}\nOK 0x0003\n`)
  })

  it('answers a megabyte of digits', () => {
    const reply = new Client().say(`inb ${'9'.repeat(1 << 20)}\ninb 0x505\n`)
    expect(reply).toBe('ERR a line must not have more than 1048576 bytes\nOK 0x0003\n')
    const shorter = new Client().say(`inb ${'9'.repeat(1 << 19)}\ninb 0x505\n`)
    expect(shorter).toMatch(/^ERR inb: port must fit 64 bits.{0,120}\nOK 0x0003\n$/)
  })

  it('keeps nothing of a line without end', () => {
    const client = new Client({}, { lineLimit: 1000 })
    const piece = new Uint8Array(1 << 16).fill(0x78)
    const before = process.memoryUsage().arrayBuffers
    for (let count = 0; count < 2000; count++) client.say(piece)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 << 20)
    expect(client.say('\ninb 0x505\n')).toBe('ERR a line must not have more than 1000 bytes\nOK 0x0003\n')
  })

  it('fills all of a memory and more without an end to wait for', () => {
    const memory = new GuestMemory(1 << 20)
    expect(new Client({}, { memory }).say('memset 0 0xffffffffffffffff 0x5a\n')).toBe('OK\n')
    expect(memory.bytes.every((byte) => byte === 0x5a)).toBe(true)
  })

  it('has a clock that never goes back', () => {
    const client = new Client()
    const lines = ['clock_step 1000', 'clock_step', 'clock_step -5', 'clock_set 500', 'clock_set 0x7d0', 'clock_set -1']
    expect(lines.map((line) => client.say(`${line}\n`))).toEqual(
      ['1000', '1000', '1000', '1000', '2000', '2000'].map((time) => `OK ${time}\n`),
    )
  })

  it('replies to the write that ends the machine, then closes', () => {
    const client = new Client({ onPanic: 'destroy' })
    expect(client.say('outb 0x505 1\ninb 0x505\n')).toBe('OK\n')
    expect([client.closed, client.machine.exitCode]).toEqual([true, 0])
  })

  it('tells of each line for a log', () => {
    const log: string[] = []
    new Client({}, { onLine: (direction, line) => log.push(`${direction} ${line}`) }).say('inb 0x505\n')
    expect(log).toEqual(['received inb 0x505', 'sent OK 0x0003'])
  })
})
