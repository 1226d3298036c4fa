// The page of docs/demo in Chromium, used as a visitor uses it.

import { strict as assert } from 'node:assert'
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { build, preview } from 'vite'
import { GuestRom } from '../../src/testing/index.js'
import { complaintsOf } from './chromium.js'

const demo = join(import.meta.dirname, '../../docs/demo')
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const AT_ONCE = '0'

/** @param screenshots the folder for them. */
export async function checkPage(browser: Browser, screenshots: string): Promise<void> {
  mkdirSync(screenshots, { recursive: true })
  await build({ root: demo, logLevel: 'error' })
  const server = await preview({ root: demo, logLevel: 'error', preview: { host: '127.0.0.1', port: 0 } })
  try {
    const origin = server.resolvedUrls?.local[0] ?? ''
    const open = async (options: Parameters<Browser['newPage']>[0], tab: string) => {
      const page = await browser.newPage(options)
      const complaints = complaintsOf(page, origin)
      await page.goto(`${origin}#${tab}`)
      return { page, complaints }
    }
    await checkMachineTab(open, screenshots)
    await checkOtherTabs(open, screenshots)
  } finally {
    await server.close()
  }
}

type Open = (
  options: Parameters<Browser['newPage']>[0],
  tab: string,
) => Promise<{ readonly page: Page; readonly complaints: readonly string[] }>

const WIDE = { width: 1440, height: 900 }
const PHONE = { width: 360, height: 740 }

async function checkMachineTab(open: Open, screenshots: string): Promise<void> {
  const { page, complaints } = await open({ viewport: WIDE, colorScheme: 'light' }, 'machine')
  const state = page.locator('#run-state')
  const reaches = (expected: string) =>
    page.locator(`#run-state[data-state="${expected}"]`).waitFor({ timeout: 20_000 })
  const log = (name: string) => page.getByRole('log', { name })
  const enabled = (id: string) => page.locator(`#${id}:not([disabled])`).waitFor({ timeout: 20_000 })

  // At reading speed, as a visitor finds it.
  await reaches('guest-panicked')
  await enabled('cont')
  await page.screenshot({ path: join(screenshots, 'page.png') })
  await page.locator('#speed').selectOption(AT_ONCE)
  assert.match(await log("The guest's serial console").innerText(), /panic, writing 1 to port 0x505/)
  assert.match(await log('Port accesses').innerText(), /out 0x505\s+← 0x01\s+pvpanic/)
  assert.match(await log('Port accesses').innerText(), /dma1 clear flip-flop/)
  assert.match(await log('QMP conversation').innerText(), /"event": "GUEST_PANICKED", "data": \{"action": "pause"\}/)

  await page.locator('#save').click()
  await enabled('load')
  await page.locator('#cont').click()
  await reaches('running')
  assert.match(await log("The guest's serial console").innerText(), /still here after the panic/)
  await page.locator('#stop').click()
  await reaches('paused')
  await page.locator('#load').click()
  await reaches('guest-panicked')

  await page.locator('#qmp').fill('query-status')
  await page.locator('#send').click()
  await page.getByText('"status": "guest-panicked"').waitFor()

  for (const [mode, expected] of [
    ['destroy', 'shutdown'],
    ['reset', 'guest-panicked'],
    ['log', 'running'],
    ['preserve', 'guest-panicked'],
  ] as const) {
    await page.locator('#mode').selectOption(mode)
    const panics = mode === 'reset' ? '4' : '1'
    await page.locator('.counters dd').first().filter({ hasText: panics }).waitFor()
    await reaches(expected)
  }
  await page.locator('#mode').selectOption('log')
  await page.getByText('halted with interrupts off').waitFor()
  await page.locator('#value').fill('0x02')
  await page.locator('#write').click()
  await page.getByText('GUEST_CRASHLOADED').waitFor()
  await page.locator('#value').fill('0x100')
  await page.locator('#write').click()
  await page.getByText('value: expected a number from 0 to 0xff, got "0x100"').waitFor()

  await page.locator('#mode').selectOption('preserve')
  await page.locator('#iobase').fill('0')
  await page.locator('#iobase').press('Tab')
  await page.getByText('0x0 is hidden by pvpanic').waitFor()
  await reaches('guest-panicked')
  await page.screenshot({ path: join(screenshots, 'page-port-0.png'), fullPage: true })

  await page.locator('#iobase').fill('none')
  await page.locator('#iobase').press('Tab')
  await page.getByText('no device answers').waitFor()
  assert.equal(await state.innerText(), 'running')

  const rom = new GuestRom(64 * 1024).print('a ROM of the visitor\n').halt().build()
  await page
    .locator('#rom')
    .setInputFiles({ name: 'my.rom', mimeType: 'application/octet-stream', buffer: Buffer.from(rom) })
  await page.getByText('a ROM of the visitor').waitFor()
  await page.getByText('my.rom, 65,536 bytes').waitFor()

  await clean(page, complaints)
}

async function checkOtherTabs(open: Open, screenshots: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    const { page, complaints } = await open({ viewport: WIDE, colorScheme }, 'proposal')
    await page.getByText('rows, each executed').waitFor()
    assert.match(await page.getByRole('status').innerText(), /^\d+ rows, .*all came out as planned/)
    await page.locator('.expander').nth(2).click()
    await page.getByText('<on_crash> will be obeyed always').first().waitFor()
    await page.screenshot({ path: join(screenshots, `proposal-${colorScheme}.png`) })
    await audit(page)

    // By keyboard alone.
    await page.locator('#tab-proposal').focus()
    await page.keyboard.press('ArrowRight')
    await page.getByRole('cell', { name: 'crashed (panicked)' }).waitFor()
    await page.screenshot({ path: join(screenshots, `domain-${colorScheme}.png`) })
    await page.locator('#xml').fill('<domain>\n  <oops>\n</domain>')
    await page.getByText(/^Line 3, column \d+/).waitFor()
    await clean(page, complaints)
  }
  for (const tab of ['machine', 'proposal', 'domain']) {
    const { page, complaints } = await open({ viewport: PHONE, colorScheme: 'dark' }, tab)
    await page.locator(`#panel-${tab} .card`).first().waitFor()
    if (tab === 'machine') await page.locator('#cont:not([disabled])').waitFor()
    const width = Number(await page.evaluate('document.documentElement.scrollWidth'))
    assert.ok(width <= PHONE.width, `${tab}: ${width} pixels wide on a phone of ${PHONE.width}`)
    await page.screenshot({ path: join(screenshots, `phone-${tab}.png`), fullPage: true })
    await clean(page, complaints)
  }
}

/** Nothing was complained of, and axe finds nothing. */
async function clean(page: Page, complaints: readonly string[]): Promise<void> {
  await audit(page)
  assert.deepEqual(complaints, [])
  await page.close()
}

interface Violation {
  readonly id: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[]
}

async function audit(page: Page): Promise<void> {
  // Not as an inline script, which the page's policy forbids.
  await page.evaluate(axe)
  const { violations } = (await page.evaluate('axe.run()')) as { violations: readonly Violation[] }
  const found = violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`)}`,
  )
  assert.deepEqual(found, [])
}
