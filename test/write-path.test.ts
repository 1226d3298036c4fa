// docs/architecture.md follows one guest write through the floors; the calls that are made are those that it names.

import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { Domain, parseDomainXml } from '../src/libvirt/index.js'

const DOMAIN = `<domain type='kvm'>
  <name>guest</name><memory>131072</memory><os><type machine='pc'>hvm</type></os>
  <on_crash>destroy</on_crash><devices><panic model='isa'/></devices>
</domain>`
const FRAMES_ENOUGH = 60

/** The functions of this package on the stack of the caller, the outermost first. */
function packageFunctions(): string[] {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = FRAMES_ENOUGH
  const frames = (new Error().stack ?? '').split('\n')
  Error.stackTraceLimit = stackTraceLimit
  const named = frames.map((frame) => /at (?:Object\.)?([\w.#]+) \(.*\/src\//.exec(frame)?.[1])
  return named.filter((name) => name !== undefined).reverse()
}

/** The first column of the table in that section. */
function documentedFunctions(): string[] {
  const text = readFileSync(new URL('../docs/architecture.md', import.meta.url), 'utf8')
  const [, section = ''] = /^## One write, from OUT to on_crash\n(.*?)^## /ms.exec(text) ?? []
  return [...section.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name = '']) => name)
}

it('a panic under on_crash=destroy runs through the functions that docs/architecture.md names', () => {
  let seen: string[] = []
  const cpu = {
    pause() {},
    resume() {},
    reset() {},
    powerOff() {
      seen = [...packageFunctions(), 'powerOff']
    },
  }
  const domain = new Domain(parseDomainXml(DOMAIN), { cpu })
  domain.start().bus.outb(0x505, 1)
  expect(seen).toEqual(documentedFunctions())
})
