// qtest clients that send damaged lines in pieces: one answer a line, and port reads that agree with the bus.

import { deepStrictEqual, ok } from 'node:assert'
import { Machine } from '../../src/machine/machine.js'
import { GuestMemory } from '../../src/monitor/qtest/guest-memory.js'
import { QtestSession } from '../../src/monitor/qtest/session.js'
import type { Random } from '../random.js'
import { bytesOf, inPieces, latin1, mutateText, randomBytes } from './mutate.js'
import type { FuzzTarget, Tally } from './target.js'

const LINES = 40
const LINE_LIMIT = 2000
const MEMORY_SIZE = 1 << 16

/** A client of a machine of its own. */
class Client {
  output = ''
  readonly machine = new Machine({ qemu: '7.2', onPanic: 'preserve' })
  readonly #session: QtestSession

  constructor() {
    this.#session = new QtestSession(this.machine, {
      send: (bytes) => {
        this.output += latin1(bytes)
      },
      memory: new GuestMemory(MEMORY_SIZE),
      lineLimit: LINE_LIMIT,
    })
  }

  send(pieces: Iterable<Uint8Array>): void {
    for (const piece of pieces) this.#session.receive(piece)
  }
}

function run(random: Random, tally: Tally): void {
  const [client, twin] = [new Client(), new Client()]
  const input = `${Array.from({ length: LINES }, () => line(random)).join('')}\ninb 0x505\n`
  client.send([bytesOf(input)])
  twin.send(inPieces(random, bytesOf(input)))
  const replies = client.output.split('\n')
  tally.inputs += replies.length
  deepStrictEqual(twin.output, client.output)
  deepStrictEqual(replies.length, input.split('\n').length)
  deepStrictEqual(replies.slice(-2), [`OK 0x${client.machine.bus.inb(0x505).toString(16).padStart(4, '0')}`, ''])
  for (const reply of replies.slice(0, -1)) {
    ok(/^(OK|FAIL|ERR)( |$)/.test(reply), `a reply of no kind: ${reply.slice(0, 200)}`)
  }
}

function line(random: Random): string {
  if (random.chance(0.05)) return latin1(randomBytes(random, random.below(60)))
  const text = `${random.pick(COMMANDS)(random)}\n`
  return random.chance(0.4) ? mutateText(random, text, PIECES) : text
}

const NUMBERS = ['0', '1', '7', '0x505', '1285', '02405', '-1', '0xffff', '0x10000', '0xffffffff', '0xffffffffffffffff', '18446744073709551616', `0x${'0'.repeat(200)}1`, '+5', ' 5', '0x', '08', 'ten'] // biome-ignore format: one list
const PIECES = [' ', '\n', '\r', '\0', '\xff', '-', '0x', '0'.repeat(300), 'g', '='.repeat(5), 'z'.repeat(LINE_LIMIT)]

const number = (random: Random) => (random.chance(0.3) ? random.pick(NUMBERS) : `0x${random.below(0x800).toString(16)}`)
const size = (random: Random) => (random.chance(0.1) ? random.pick(NUMBERS) : String(random.below(64)))
const letter = (random: Random) => random.pick(['b', 'w', 'l', 'q'])

const COMMANDS: readonly ((random: Random) => string)[] = [
  (random) => `in${letter(random)} ${number(random)}`,
  (random) => `out${letter(random)} ${number(random)} ${number(random)}`,
  (random) => `read${letter(random)} ${number(random)}`,
  (random) => `write${letter(random)} ${number(random)} ${number(random)}`,
  (random) => `read ${number(random)} ${size(random)}`,
  (random) => `write ${number(random)} ${size(random)} 0x${'a5'.repeat(random.below(40))}`,
  (random) => `b64read ${number(random)} ${size(random)}`,
  (random) => `b64write ${number(random)} ${size(random)} ${Buffer.from('some data').toString('base64')}`,
  (random) => `memset ${number(random)} ${size(random)} ${number(random)}`,
  (random) => `clock_step ${number(random)}`,
  (random) => `clock_set ${number(random)}`,
  () => 'endianness',
  (random) => `irq_intercept_in ${random.pick(['/machine/unattached/device[0]', 'ioapic', ''])}`,
  (random) => `set_irq_in ${random.pick(['/machine', 'x'])} in ${number(random)} ${number(random)}`,
  () => 'module_load a b',
  () => 'none-such',
]

export const qtestTarget: FuzzTarget = { name: 'qtest', run }
