// What browsers can have, bundled by esbuild and by Vite as an application does it, and run on a page and in a worker.

import { strict as assert } from 'node:assert'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join, resolve } from 'node:path'
import * as esbuild from 'esbuild'
import type { Browser } from 'playwright-core'
import { build } from 'vite'
import { complaintsOf } from './chromium.js'

const root = resolve(import.meta.dirname, '../..')

/** Uses something of each entry point; the result is compared with what the same file says in Node. */
const PROGRAM = `
import { IoPortBus, Machine, Pvpanic } from 'isa-pvpanic'
import { pvpanicPortFile } from 'isa-pvpanic/firmware'
import { Domain, parseDomainXml } from 'isa-pvpanic/libvirt'
import { optionMatrix } from 'isa-pvpanic/plan-2013'
import { QmpMonitor, QmpSession } from 'isa-pvpanic/qmp'
import { QtestSession } from 'isa-pvpanic/qtest'
import * as coreDump from 'isa-pvpanic/core-dump'
import { bootGuest, GuestRom } from 'isa-pvpanic/testing'
import { attach, createEmulator, destroyEmulator } from 'isa-pvpanic/v86'

export async function run() {
  const said = []
  const bus = new IoPortBus()
  bus.map(0x505, 1, new Pvpanic({ onEvent: (event) => said.push(event) }))
  bus.outb(0x505, 2)
  const machine = new Machine()
  said.push([...pvpanicPortFile(machine).data].join())
  const text = []
  const qmp = new QmpSession(new QmpMonitor(machine), { send: (bytes) => text.push(new TextDecoder().decode(bytes)) })
  qmp.start()
  qmp.receive(new TextEncoder().encode('{"execute":"qmp_capabilities"}{"execute":"query-status"}'))
  said.push(text.join('').includes('"status": "running"'))
  const answers = []
  new QtestSession(machine, { send: (bytes) => answers.push(new TextDecoder().decode(bytes)) }).receive(new TextEncoder().encode('inb 0x505\\n'))
  said.push(answers.join('').trim())
  const domain = new Domain(parseDomainXml("<domain type='kvm'><name>a</name><memory>1024</memory><os><type machine='pc'>hvm</type></os><on_crash>destroy</on_crash><devices><panic model='isa'/></devices></domain>"))
  domain.start().bus.outb(0x505, 1)
  said.push(domain.state.state)
  said.push(optionMatrix({ option: '2b' }).every((row) => row.disagreements.length === 0))
  said.push(typeof coreDump.dumpCore)

  const guest = await bootGuest({ onPanic: 'preserve' })
  const panic = await guest.nextPanic()
  said.push(panic.event, guest.machine.runState)
  await guest.dispose()
  await bootGuest({ engine: 'qemu' }).catch((error) => said.push(error.message.includes('Node') || error.name))

  const bios = new GuestRom().print('hello').outb(0x505, 1).halt().build()
  const emulator = await createEmulator({ bios })
  const own = attach(emulator)
  await new Promise((resolve) => {
    own.on('STOP', resolve)
    emulator.run()
  })
  said.push(own.runState)
  await destroyEmulator(emulator)
  return JSON.stringify(said)
}
`
const EXPECTED = JSON.stringify([
  ...['crash-loaded', '5,5', true, 'OK 0x0007', 'shut off', true, 'function'],
  ...['panicked', 'guest-panicked', true, 'guest-panicked'],
])
const PAGE = `
import { run } from './program.js'
globalThis.onPage = () => run()
globalThis.inWorker = () => new Promise((resolve, reject) => {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
  worker.onmessage = ({ data }) => resolve(data)
  worker.onerror = (event) => reject(new Error(event.message))
})
globalThis.ready = true
`
const WORKER = `
import { run } from './program.js'
run().then((said) => postMessage(said), (error) => postMessage(String(error.stack)))
`
const HTML =
  '<!doctype html><html lang="en"><title>bundle</title><link rel="icon" href="data:,"><script type="module" src="./page.js"></script></html>'
/** v86 itself names these; in a browser it never gets to them. */
const NAMED_BY_V86 = ['crypto', 'fs', 'perf_hooks', 'node:crypto', 'node:fs/promises']
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
}

export async function checkBundles(browser: Browser): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'isa-pvpanic-browser-'))
  try {
    mkdirSync(join(folder, 'node_modules'))
    for (const [name, place] of [
      ['isa-pvpanic', root],
      ['v86', join(root, 'node_modules/v86')],
    ] as const) {
      symlinkSync(place, join(folder, 'node_modules', name), 'dir')
    }
    for (const [name, text] of Object.entries({
      'program.js': PROGRAM,
      'page.js': PAGE,
      'worker.js': WORKER,
      'index.html': HTML,
    })) {
      writeFileSync(join(folder, name), text)
    }
    await runInChromium(browser, 'esbuild', await bundleByEsbuild(folder))
    await runInChromium(browser, 'Vite', await bundleByVite(folder))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function bundleByEsbuild(folder: string): Promise<string> {
  const outdir = join(folder, 'by-esbuild')
  const { warnings } = await esbuild.build({
    ...{ absWorkingDir: folder, entryPoints: ['page.js', 'worker.js'], outdir, preserveSymlinks: true },
    ...{ bundle: true, format: 'esm', platform: 'browser', external: NAMED_BY_V86, logLevel: 'error' },
  })
  assert.deepEqual(
    warnings.map(({ text }) => text),
    [],
  )
  cpSync(join(folder, 'index.html'), join(outdir, 'index.html'))
  return outdir
}

async function bundleByVite(folder: string): Promise<string> {
  const outDir = join(folder, 'by-vite')
  await build({
    ...{ root: folder, base: './', configFile: false, logLevel: 'error', resolve: { preserveSymlinks: true } },
    build: { outDir },
    worker: { format: 'es' },
  })
  return outDir
}

/** v86.wasm lies beside the page and beside the worker's script, where it is looked for. */
async function runInChromium(browser: Browser, bundler: string, folder: string): Promise<void> {
  const wasm = readFileSync(join(root, 'node_modules/v86/build/v86.wasm'))
  const server = createServer(({ url = '/' }, response) => {
    const path = new URL(url, 'http://localhost').pathname
    try {
      const bytes = path.endsWith('/v86.wasm') ? wasm : readFileSync(join(folder, path === '/' ? 'index.html' : path))
      response
        .writeHead(200, { 'content-type': TYPES[extname(path === '/' ? '.html' : path)] ?? 'text/html' })
        .end(bytes)
    } catch {
      response.writeHead(404).end()
    }
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  try {
    const page = await browser.newPage()
    const complaints = complaintsOf(page, origin)
    await page.goto(origin)
    await page.waitForFunction('globalThis.ready')
    for (const where of ['onPage', 'inWorker']) {
      assert.equal(await page.evaluate(`${where}()`), EXPECTED, `${bundler}, ${where}`)
    }
    assert.deepEqual(complaints, [], bundler)
    await page.close()
    console.log(`${bundler}: nine entry points on a page and in a worker`)
  } finally {
    server.close()
  }
}
