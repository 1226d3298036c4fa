// A file is there whole or not at all, whatever ends the writing.

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, it } from 'vitest'
import { replaceWhole } from '../../src/node/whole-file.js'

const root = mkdtempSync(join(tmpdir(), 'isa-pvpanic-whole-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
let folder = root
let target = ''
beforeEach(() => {
  folder = mkdtempSync(join(root, 'x'))
  target = join(folder, 'file')
  writeFileSync(target, 'old')
})

const write = (text: string, path = target) => replaceWhole(path, (file) => file.writeFile(text))
const content = (path = target) => readFileSync(path, 'utf8')

/** A process that writes half of the file and then waits. */
async function halfWriter() {
  const module = new URL('../../src/node/whole-file.ts', import.meta.url).href
  const source = `
    import { replaceWhole } from '${module}'
    await replaceWhole('${target}', async (file) => {
      await file.writeFile('half')
      console.log('half')
      await new Promise((resolve) => setTimeout(resolve, 60_000))
    })`
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  return child
}

it('replaces what was there, for its owner alone unless a mode is given', async () => {
  await write('new')
  expect([content(), statSync(target).mode & 0o777]).toEqual(['new', 0o600])
  await replaceWhole(target, (file) => file.writeFile('newer'), { mode: 0o640 })
  expect([content(), statSync(target).mode & 0o777, readdirSync(folder)]).toEqual(['newer', 0o640, ['file']])
})

it('leaves what was there, and nothing else, if the writing fails', async () => {
  const failing = replaceWhole(target, async (file) => {
    await file.writeFile('half')
    throw new Error('ENOSPC')
  })
  await expect(failing).rejects.toThrow('ENOSPC')
  expect([content(), readdirSync(folder)]).toEqual(['old', ['file']])
})

it('leaves what was there, and nothing else, if a signal ends the process', async () => {
  const child = await halfWriter()
  child.kill('SIGTERM')
  await once(child, 'close')
  expect([content(), readdirSync(folder)]).toEqual(['old', ['file']])
})

it('removes what a killed process left, and not what a living one writes', async () => {
  const living = await halfWriter()
  const killed = await halfWriter()
  killed.kill('SIGKILL')
  await once(killed, 'close')
  expect(readdirSync(folder)).toHaveLength(3)
  await write('new')
  expect(content()).toBe('new')
  expect(readdirSync(folder).filter((name) => name !== 'file')).toEqual([expect.stringContaining(`-${living.pid}-`)])
  living.kill('SIGKILL')
})

it('leaves a link a link, whether or not its target is there', async () => {
  const [link, dangling] = [join(folder, 'link'), join(folder, 'dangling')]
  mkdirSync(join(folder, 'elsewhere'))
  symlinkSync(target, link)
  symlinkSync('elsewhere/made', dangling)
  await write('through', link)
  await write('made', dangling)
  expect([link, dangling].map((path) => lstatSync(path).isSymbolicLink())).toEqual([true, true])
  expect([content(), content(join(folder, 'elsewhere/made'))]).toEqual(['through', 'made'])
})

it('writes to a device directly, and does not wait for a pipe that nobody reads', async () => {
  await write('nothing', '/dev/null')
  expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true)
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  await expect(write('x', pipe)).rejects.toThrow('ENXIO')
  expect(lstatSync(pipe).isFIFO()).toBe(true)
})
