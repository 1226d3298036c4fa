// `npx tsx test/guests/run.ts [--engine v86|qemu] [--times N] [scenario...]`: boots real Linux guests and shows what they do.

import { parseArgs } from 'node:util'
import { ENGINES } from '../../src/testing/boot-guest.js'
import { fetchDebian } from './debian.js'
import { SCENARIOS } from './scenarios.js'

const { values, positionals } = parseArgs({
  options: { times: { type: 'string', default: '1' }, engine: { type: 'string', default: 'v86' } },
  allowPositionals: true,
})
const times = Number(values.times)
const engine = ENGINES.find((name) => name === values.engine)
const unknown = positionals.filter((name) => !Object.hasOwn(SCENARIOS, name))
if (engine === undefined || unknown.length > 0 || !Number.isInteger(times) || times < 1) {
  console.error(
    `usage: run.ts [--engine v86|qemu] [--times N] [scenario...]; scenarios: ${Object.keys(SCENARIOS).join(', ')}`,
  )
  process.exit(2)
}

const debian = fetchDebian()
let passed = 0
let failed = 0
for (let round = 0; round < times; round++) {
  for (const name of positionals.length > 0 ? positionals : Object.keys(SCENARIOS)) {
    const scenario = SCENARIOS[name]
    if (scenario === undefined || (scenario.engine ?? engine) !== engine) continue
    const began = performance.now()
    const told = (word: string) => {
      const seconds = ((performance.now() - began) / 1000).toFixed(1)
      console.log(`${word.padEnd(4)} ${name.padEnd(12)} ${seconds.padStart(6)} s  ${scenario.shows}`)
    }
    try {
      const found = await scenario.run(debian, engine)
      passed++
      told('ok')
      if (found !== undefined) console.log(`       ${found}`)
    } catch (error) {
      failed++
      told('FAIL')
      console.log(`  ${error instanceof Error ? error.message : error}`)
    }
  }
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
