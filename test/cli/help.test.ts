// What the help texts say: no default that is none, and one word for one thing.

import { describe, expect, it } from 'vitest'
import { run } from './run-program.js'

const COMMANDS = [
  'demo',
  'run',
  'serve',
  'trace record',
  'trace print',
  'trace replay',
  'matrix',
  'domain',
  'completion',
]

describe.each(COMMANDS)('%s --help', (command) => {
  it('shows examples', async () => {
    const { stdout } = await run([...command.split(' '), '--help'])
    expect(stdout).toMatch(/\nExamples:\n {2}\S/)
  })

  it('exits with 0, and tells no empty default', async () => {
    const { exitCode, stdout } = await run([...command.split(' '), '--help'])
    expect(exitCode).toBe(0)
    expect(stdout).not.toMatch(/default: (false|\[\]|undefined|null)/)
  })
})

it.each(['run', 'serve', 'trace record', 'trace print', 'trace replay'])(
  '%s --help names the port that QEMU gives the device, 0x505',
  async (command) => {
    const { stdout } = await run([...command.split(' '), '--help'])
    expect(stdout).toMatch(/--iobase <port> +port of the pvpanic device\s+\(default: 0x505\)/)
  },
)
