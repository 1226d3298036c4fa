// Records the machine types of a real QEMU: its list, and what pvpanic reads in each that takes the device.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { QemuProcess } from '../qemu/qemu-process.js'
import type { Reference } from '../qemu/reference.js'
import { type Header, writeRecording } from './recording.js'

/** A line of `-machine help`, and what the device does there. */
export interface MachineLine {
  readonly name: string
  readonly words: string
  /** The reply to `inb 0x505` with `-device pvpanic`; absent where that does not start. */
  readonly reads?: string
}

const run = promisify(execFile)

export async function recordMachines({ program, title, qemu }: Reference): Promise<void> {
  const [file, ...args] = program.command
  const { stdout } = await run(file, [...args, '-machine', 'help'])
  const lines: MachineLine[] = []
  for (const line of stdout.trimEnd().split('\n').slice(1)) {
    const [, name = '', words = ''] = /^(\S+) +(.*)$/.exec(line) ?? []
    const reads = /^pc|^q35|^isapc/.test(name) ? await read(name) : undefined
    lines.push({ name, words, ...(reads !== undefined && { reads }) })
  }
  const header = { program: title, arguments: ['-device', 'pvpanic', '-machine', '(as each line says)'] }
  const bytes = writeRecording<Header, MachineLine>(qemu.version, 'machines', { header, lines })
  console.log(`machines: ${lines.length} types, ${bytes} bytes`)

  async function read(name: string): Promise<string> {
    const machine = await QemuProcess.start(['-machine', name, '-device', 'pvpanic'], program)
    try {
      return await machine.qtest('inb 0x505')
    } finally {
      await machine.dispose()
    }
  }
}
