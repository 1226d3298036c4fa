// Many ROM guests in one process: twenty side by side, then one after another; tells time and memory.

import { parseArgs } from 'node:util'
import { bootGuest, type Guest } from '../../src/testing/index.js'

const { values } = parseArgs({ options: { times: { type: 'string', default: '1000' } } })
const times = Number(values.times)
const mebibytes = () => Math.round(process.memoryUsage.rss() / (1 << 20))

async function bootToPanic(): Promise<Guest> {
  const guest = await bootGuest({ onPanic: 'preserve' })
  await guest.nextPanic()
  return guest
}

await (await bootToPanic()).dispose()
console.log(`after a first guest: ${mebibytes()} MiB resident`)

const began = performance.now()
const together = await Promise.all(Array.from({ length: 20 }, bootToPanic))
console.log(`20 at once, to the panic of the last: ${Math.round(performance.now() - began)} ms, ${mebibytes()} MiB`)
await Promise.all(together.map((guest) => guest.dispose()))

const reports = new Set([0.2, 0.4, 0.6, 0.8, 1].map((part) => Math.round(part * times)))
for (let done = 1; done <= times; done++) {
  await (await bootToPanic()).dispose()
  if (reports.has(done)) console.log(`${done} one after another: ${mebibytes()} MiB`)
}
