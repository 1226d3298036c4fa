// Snapshots: booted once, started from often, refused when they are of something else.

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterAll, expect as claim, describe } from 'vitest'
import { type BootOptions, GuestRom } from '../../src/testing/index.js'
import { expect, test } from '../../src/vitest/index.js'

const folder = mkdtempSync(join(tmpdir(), 'isa-pvpanic-snapshot-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Tells that it boots, then that it is ready, and panics when something is typed. */
const prompt = (text = 'READY\n') =>
  new GuestRom()
    .print('booting\n')
    .print(text)
    .assembly((assembler) => assembler.mov('dx', 0x3fd).label('empty').in('al', 'dx').test('al', 1).jz('empty'))
    .print('panicking\n')
    .outb(0x505, 1)
    .print('alive\n')
    .halt()
    .build()
const options = { bios: prompt() } satisfies BootOptions

test('a guest starts from the line, again and again, and reports what it does from there', async ({ boot }) => {
  for (let times = 0; times < 3; times++) {
    const guest = await boot({ ...options, snapshot: { at: 'READY' } })
    expect(guest.serial.text).toBe('')
    guest.send('x')
    expect(await guest.nextPanic()).toMatchObject({ event: 'panicked' })
    expect(guest.serial.text).toBe('panicking\n')
    guest.machine.cont()
    await guest.serial.waitFor('alive')
  }
})

test('guests of one snapshot know nothing of each other', async ({ boot }) => {
  const snapshot = { at: /READY/ }
  const [one, two] = await Promise.all([boot({ ...options, snapshot }), boot({ ...options, snapshot, onPanic: 'log' })])
  one.send('x')
  await one.nextPanic()
  expect(two).not.toHavePanicked()
  two.send('x')
  await two.serial.waitFor('alive')
  expect(one).toBeInRunState('guest-panicked')
})

test('a guest saves itself, panicked, and another goes on from there', async ({ boot }) => {
  const guest = await boot({ onPanic: 'preserve' })
  await guest.nextPanic()
  const restore = await guest.save()
  const other = await boot({ restore })
  expect(other).toBeInRunState('guest-panicked')
  expect(other.machine.panics.total).toBe(1)
  other.machine.cont()
  await other.serial.waitFor('still here')
  await expect(other.nextPanic()).rejects.toMatchObject({ reason: 'halted' })
})

test('startPaused holds a restored guest', async ({ boot }) => {
  const restore = await (await boot({ ...options, startPaused: true })).save()
  const other = await boot({ ...options, restore, startPaused: true })
  expect(other.machine.runState).not.toBe('running')
  other.machine.cont()
  await other.serial.waitFor('READY')
})

describe('a file', () => {
  const file = join(folder, 'nested/ready.snapshot')
  const snapshot = { at: /READY/, file }
  const changedAt = () => statSync(file).mtimeMs

  test('is made for its owner, kept, and made anew when anything went in that is another', async ({ boot }) => {
    const bootAndEnd = async (other: BootOptions = {}) => {
      const guest = await boot({ ...options, ...other, snapshot })
      await guest.dispose()
    }
    await bootAndEnd()
    const made = changedAt()
    expect(statSync(file).mode & 0o777).toBe(0o600)
    await bootAndEnd({ onPanic: 'log' })
    expect(changedAt()).toBe(made)
    for (const other of [{ memory: 2 << 20 }, { bios: prompt('READY!\n') }, { iobase: 0x600 }, {}]) {
      const before = changedAt()
      await bootAndEnd(other)
      expect(changedAt()).toBeGreaterThan(before)
    }
  })

  test('is what restore takes', async ({ boot }) => {
    const guest = await boot({ ...options, restore: file })
    guest.send('x')
    await guest.nextPanic()
  })

  test.each<[string, Partial<BootOptions>, RegExp]>([
    [
      'another image',
      { bios: prompt('READY?\n') },
      /was made with another bios: "[0-9a-f]{64}"; here it is "[0-9a-f]{64}"$/,
    ],
    ['another memory size', { memory: 4 << 20 }, /another memory: 1048576; here it is 4194304$/],
    ['another port', { iobase: 0x600 }, /another iobase: nothing; here it is 1536$/],
  ])('is refused for %s', async (_, other, message) => {
    const { bootGuest } = await import('../../src/testing/index.js')
    await claim(bootGuest({ ...options, ...other, restore: file })).rejects.toThrow(message)
  })

  test.each<[string, (bytes: Buffer) => Buffer | string, RegExp]>([
    ['of another kind', () => 'a text', /it is no snapshot of a guest/],
    [
      'of another version',
      (bytes) =>
        Buffer.from(bytes.toString('latin1').replace(/"isa-pvpanic":"[^"]*"/, '"isa-pvpanic":"0.0.1"'), 'latin1'),
      /another isa-pvpanic: "0\.0\.1"; here it is/,
    ],
    ['cut off', (bytes) => bytes.subarray(0, -100), /it is damaged/],
    ['with a header without end', (bytes) => bytes.subarray(0, 100), /its header is cut off/],
    [
      'with a damaged byte',
      // In the check sum that ends the file: elsewhere a bit can stand for the same content, as a distance within a run of zeros.
      (bytes) => bytes.fill((bytes.at(-8) ?? 0) ^ 1, bytes.length - 8, bytes.length - 7),
      /damaged/,
    ],
  ])('is refused if it is %s', async (_, damage, message) => {
    const { bootGuest } = await import('../../src/testing/index.js')
    const path = join(folder, 'damaged')
    writeFileSync(path, damage(readFileSync(file)))
    await claim(bootGuest({ ...options, restore: path })).rejects.toThrow(message)
    await claim(bootGuest({ ...options, restore: path })).rejects.toMatchObject({ name: 'SavedStateError' })
  })

  test('that is damaged is made anew', async ({ boot }) => {
    const path = join(folder, 'half')
    writeFileSync(path, readFileSync(file).subarray(0, -100))
    await boot({ ...options, snapshot: { at: /READY/, file: path } })
    await boot({ ...options, restore: path })
  })
})

describe('refused is', () => {
  test.each<[string, BootOptions, RegExp]>([
    [
      'a line that does not come',
      { ...options, snapshot: { at: 'never', timeoutMs: 50 } },
      /^no text \/never\/.* within 50 ms/,
    ],
    [
      'a snapshot of a restored guest',
      { restore: new Uint8Array(), snapshot: { at: 'x' } },
      /expected one of restore, snapshot/,
    ],
    ['a file that is not there', { ...options, restore: join(folder, 'absent') }, /absent: there is no such file/],
    ['engine qemu', { engine: 'qemu', snapshot: { at: 'x' } }, /^snapshot: engine 'qemu' has no such option/],
  ])('%s', async (_, wrong, message) => {
    const { bootGuest } = await import('../../src/testing/index.js')
    await claim(bootGuest(wrong)).rejects.toThrow(message)
  })
})

test('worker threads restore the guest that one of them has saved', { timeout: 30_000 }, async ({ boot }) => {
  const guest = await boot({ ...options })
  await guest.serial.waitFor('READY')
  const saved = await guest.save()
  const shared = new Uint8Array(new SharedArrayBuffer(saved.length))
  shared.set(saved)
  const module = new URL('../../src/testing/index.ts', import.meta.url).href
  const program = `
    const { parentPort, workerData } = require('node:worker_threads')
    import('tsx/esm/api').then(({ register }) => register()).then(() => import('${module}')).then(async ({ bootGuest }) => {
      const guest = await bootGuest({ bios: workerData.bios, restore: workerData.shared })
      guest.send('x')
      parentPort.postMessage((await guest.nextPanic()).event)
      await guest.dispose()
    })`
  const reports = [1, 2].map(
    () =>
      new Promise((resolve, reject) => {
        const worker = new Worker(program, { eval: true, workerData: { bios: options.bios, shared } })
        worker.once('message', resolve)
        worker.once('error', reject)
      }),
  )
  expect(await Promise.all(reports)).toEqual(['panicked', 'panicked'])
})
