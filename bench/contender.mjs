// A process that measures one case, as its parent sees it.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const MEASURE = fileURLToPath(new URL('measure.mjs', import.meta.url))

/** Starts the process, on the Node whose program is given; its first message is what it says about itself. */
export class Contender {
  #process
  constructor(node, workload, name) {
    this.workload = workload
    this.name = name
    this.#process = fork(MEASURE, [workload, name], { execPath: node, execArgv: ['--expose-gc'] })
    this.ready = this.#answer()
  }

  /** Nanoseconds an operation, over some milliseconds; `fromStart` counts what V8 takes to get going. */
  async measure(milliseconds, fromStart = false) {
    this.#process.send({ milliseconds, fromStart })
    return (await this.#answer()).ns
  }

  end() {
    this.#process.kill()
  }

  async #answer() {
    const ended = new AbortController()
    const failure = once(this.#process, 'exit', ended).then(([code]) => {
      throw new Error(`${this.workload}, ${this.name}: its process ended with exit code ${code}`)
    })
    try {
      const [message] = await Promise.race([once(this.#process, 'message', ended), failure])
      return message
    } finally {
      ended.abort()
      failure.catch(() => {})
    }
  }
}
