// A real Chromium: Debian's, or the one that CHROMIUM names.

import { existsSync } from 'node:fs'
import { env } from 'node:process'
import { type Browser, chromium, type Page } from 'playwright-core'

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** @throws {Error} if there is none. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = [...(env.CHROMIUM ? [env.CHROMIUM] : []), ...PLACES].find((place) => existsSync(place))
  if (executablePath === undefined) {
    throw new Error(`no Chromium at ${PLACES.join(', ')}; on Debian: apt-get install chromium, else set CHROMIUM`)
  }
  // A container's root user has no sandbox, and little shared memory.
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
}

/** What a page complained of: console errors, exceptions, requests that failed, and requests to another host. */
export function complaintsOf(page: Page, origin: string): string[] {
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => complaints.push(`exception: ${error.message}`))
  page.on('requestfailed', (request) => complaints.push(`failed: ${request.url()}`))
  page.on('request', (request) => {
    const url = request.url()
    if (!url.startsWith(origin) && !/^(blob|data):/.test(url)) complaints.push(`another host: ${url}`)
  })
  return complaints
}
