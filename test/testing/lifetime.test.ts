// A guest that nobody disposed of does not keep its process alive; what waits for one does.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { bootGuest, GuestError, GuestRom } from '../../src/testing/index.js'

const testing = new URL('../../src/testing/index.ts', import.meta.url).href

/** What a program prints that has a guest which runs for ever. It fails if it does not end by itself. */
async function outputOf(program: string, timeout = 15_000): Promise<string> {
  const source = `
    import { bootGuest, GuestRom } from '${testing}'
    const bios = new GuestRom().print('on').forever((rom) => rom.wait(1)).build()
    const guest = await bootGuest({ bios })
    ${program}`
  const args = ['--import', 'tsx', '--input-type=module', '-e', source]
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout })
  return stdout
}

it('a program ends beside a guest that runs', async () => {
  expect(await outputOf("console.log('end')")).toBe('end\n')
})

it('a program waits for what it awaits of a guest, and for its end', async () => {
  const program = `
    await guest.serial.waitFor('on')
    await guest.nextPanic({ timeoutMs: 50 }).catch((error) => console.log(error.reason))
    await guest.dispose()
    console.log('disposed')`
  expect(await outputOf(program)).toBe('timeout\ndisposed\n')
})

it('a guest does not sleep until a timer that somebody else waits for', { timeout: 60_000 }, async () => {
  const program = `
    await guest.dispose()
    setTimeout(() => {}, 40_000)
    let longest = 0
    for (let boots = 0; boots < 20; boots++) {
      const began = performance.now()
      const each = await bootGuest({ onPanic: 'log' })
      await each.ended({ timeoutMs: 40_000 })
      await each.dispose()
      longest = Math.max(longest, performance.now() - began)
    }
    // Node itself wakes up after eight seconds.
    console.log(longest < 6000 ? 'awake' : longest)
    process.exit()`
  expect(await outputOf(program, 50_000)).toBe('awake\n')
})

it('the stack of a GuestError names the line that waited', async () => {
  const guest = await bootGuest({ bios: new GuestRom().halt().build() })
  const waits = [() => guest.nextPanic(), () => guest.serial.waitFor('x')]
  try {
    for (const wait of waits) {
      const error: unknown = await wait().catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(GuestError)
      const [message = '', firstFrame] = String((error as GuestError).stack).split(/\n(?=\s+at )/)
      expect(message).toContain('the guest halted with interrupts off')
      expect(firstFrame).toContain('lifetime.test.ts')
    }
  } finally {
    await guest.dispose()
  }
})
