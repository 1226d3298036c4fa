// Everything that is checked in a real Chromium. Screenshots go to the folder that the first argument names.

import { join } from 'node:path'
import { argv } from 'node:process'
import { checkBundles } from './bundles.js'
import { launchChromium } from './chromium.js'
import { checkPage } from './page.js'

const screenshots = argv[2] ?? join(import.meta.dirname, '../../docs/demo/dist/screenshots')
const browser = await launchChromium()
try {
  await checkBundles(browser)
  await checkPage(browser, screenshots)
  console.log(
    `the page: every control, three tabs, two themes, a phone; axe found nothing; screenshots in ${screenshots}`,
  )
} finally {
  await browser.close()
}
