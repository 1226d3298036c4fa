// The QMP monitor that `isa-pvpanic run --qmp` offers: ours for a machine of ours, else QEMU's own.

import { lstatSync, rmSync } from 'node:fs'
import { Machine } from '../../machine/machine.js'
import { type MonitorServer, serve } from '../../monitor/server/serve.js'
import { atProcessEnd } from '../../node/at-process-end.js'
import { type SocketAddress, showSocketAddress } from '../../qemu-options/socket-address.js'
import type { BootOptions } from '../../testing/boot-guest.js'
import { doubleCommas } from '../../testing/engines/qemu/arguments.js'
import type { Guest } from '../../testing/guest.js'
import { refusing } from '../usage-error.js'

/** What QEMU must be told so that it serves the monitor. */
export function qemuMonitor({ engine }: BootOptions, address: SocketAddress | undefined): BootOptions {
  if (engine !== 'qemu' || address === undefined) return {}
  return { qemuArguments: ['-qmp', `${doubleCommas(showSocketAddress(address))},server=on,wait=off`] }
}

/** The monitor's socket, in a file or elsewhere: to be made before there is a guest. */
export class RunMonitor {
  readonly #address: SocketAddress | undefined
  readonly #before: string | undefined
  readonly #forget: () => void
  #server: MonitorServer | undefined

  constructor(address: SocketAddress | undefined) {
    this.#address = address
    this.#before = this.#socket()
    // This process may be ended in the middle.
    this.#forget = address === undefined ? () => {} : atProcessEnd(() => this.#remove())
  }

  /** Serves a machine of ours; QEMU serves its own. @throws {UsageError} if the address cannot be had. */
  async open({ machine }: Guest): Promise<void> {
    if (this.#address === undefined || !(machine instanceof Machine)) return
    const qmp = [showSocketAddress(this.#address)]
    this.#server = await refusing(() => serve(machine, { qmp }))
  }

  /** To be called when the guest has been disposed of. */
  async close(): Promise<void> {
    await this.#server?.close()
    this.#remove()
    this.#forget()
  }

  /** A QEMU that is killed leaves its socket behind. What was there before it is not ours. */
  #remove(): void {
    const now = this.#socket()
    if (now === undefined || now === this.#before) return
    if (this.#address !== undefined && 'path' in this.#address) rmSync(this.#address.path, { force: true })
  }

  /** Which socket is at the address. */
  #socket(): string | undefined {
    if (this.#address === undefined || !('path' in this.#address)) return undefined
    try {
      const found = lstatSync(this.#address.path)
      return found.isSocket() ? `${found.ino} ${found.ctimeMs}` : undefined
    } catch {
      return undefined // there is none, or it is in a folder that only others may enter
    }
  }
}
