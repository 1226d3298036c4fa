// `run --engine qemu` with QEMU's own arguments: processors, their model, anything else.

import type { Command } from 'commander'
import type { BootOptions } from '../../testing/boot-guest.js'
import { parseCount, repeated } from '../option-values.js'

export interface QemuChoices {
  readonly smp?: number
  readonly cpu?: string
  readonly qemuArg?: readonly string[]
}

export function addQemuOptions(command: Command): void {
  command
    .option('--smp <n>', 'engine qemu: processors', parseCount)
    .option('--cpu <model>', "engine qemu: processor model, in QEMU's words, such as max or host")
    .option(
      '--qemu-arg <argument>',
      'engine qemu: one more argument for QEMU; any number of times, as --qemu-arg=-device --qemu-arg=edu',
      repeated((argument: string) => argument),
    )
}

/** What `bootGuest()` takes of it. */
export function qemuArgumentsOf({ smp, cpu, qemuArg = [] }: QemuChoices): string[] {
  return [...(smp === undefined ? [] : ['-smp', String(smp)]), ...(cpu === undefined ? [] : ['-cpu', cpu]), ...qemuArg]
}

/** @param refuse ends with a usage error if the first argument holds. */
export function refuseMeaninglessQemu(
  { engine, smp, cpu, qemuArg }: QemuChoices & { readonly engine: BootOptions['engine'] },
  refuse: (when: boolean, reason: string) => void,
): void {
  const isUsed = [smp, cpu, qemuArg].some((choice) => choice !== undefined)
  refuse(isUsed && engine !== 'qemu', '--smp, --cpu and --qemu-arg need engine qemu: v86 has one processor of its own')
}
