// Notices that a guest in QEMU has halted for good: no event tells of it, so the processor is looked at now and then.

import type { QmpClient } from '../../../monitor/server/qmp-client.js'

const INTERVAL_MS = 250
/** Interrupt enable flag in EFLAGS. */
const INTERRUPT_FLAG = 0x200

/** Calls back once each time that the processor comes to stand halted with interrupts off. */
export class HaltWatch {
  readonly #qmp: Pick<QmpClient, 'execute'>
  readonly #onHalt: () => void
  #timer: NodeJS.Timeout | undefined
  #wasHalted = false
  #stopped = false

  constructor(qmp: Pick<QmpClient, 'execute'>, onHalt: () => void) {
    this.#qmp = qmp
    this.#onHalt = onHalt
  }

  start(): void {
    if (this.#stopped) return
    this.#timer = setTimeout(() => void this.#look(), INTERVAL_MS)
    // A guest alone is no reason for the process to live on.
    this.#timer.unref()
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  async #look(): Promise<void> {
    try {
      const status = await this.#qmp.execute('query-status')
      const registers = await this.#qmp.execute('human-monitor-command', { 'command-line': 'info registers -a' })
      if (this.#stopped) return
      const isHalted = isRunning(status) && String(registers).trim() !== '' && areAllHalted(String(registers))
      if (isHalted && !this.#wasHalted) this.#onHalt()
      this.#wasHalted = isHalted
      this.start()
    } catch {
      // QEMU has ended, which is told otherwise.
    }
  }
}

function isRunning(status: unknown): boolean {
  return (status as { running?: unknown }).running === true
}

/** @param registers QEMU's text, for each processor one line with `EFL=` or `RFL=` and `HLT=`. */
function areAllHalted(registers: string): boolean {
  const processors = [...registers.matchAll(/[ER]FL=([0-9a-f]+).*HLT=([01])/g)]
  return (
    processors.length > 0 &&
    processors.every(([, flags = '', halted]) => halted === '1' && (Number.parseInt(flags, 16) & INTERRUPT_FLAG) === 0)
  )
}
