// `run --save-at REGEX --snapshot FILE` and `run --restore FILE`: guests that start from a saved one.

import type { Command } from 'commander'
import type { BootOptions } from '../../testing/boot-guest.js'
import { parsePattern } from '../option-values.js'

export interface SnapshotChoices {
  readonly saveAt?: RegExp
  readonly snapshot?: string
  readonly restore?: string
}

export function addSnapshotOptions(command: Command): void {
  command
    .option(
      '--save-at <regex>',
      'engine v86: boot until the guest prints this, keep it in --snapshot, start from there',
      parsePattern,
    )
    .option('--snapshot <file>', 'where --save-at keeps the guest; made anew whenever an image or an option is another')
    .option('--restore <file>', 'engine v86: start from such a file, made with the same images and options')
}

/** What `bootGuest()` takes of it. */
export function snapshotOf({
  saveAt,
  snapshot: file,
  restore,
}: SnapshotChoices): Pick<BootOptions, 'snapshot' | 'restore'> {
  if (restore !== undefined) return { restore }
  return saveAt === undefined || file === undefined ? {} : { snapshot: { at: saveAt, file } }
}

/** @param refuse ends with a usage error if the first argument holds. */
export function refuseMeaninglessSnapshot(
  { engine, saveAt, snapshot, restore }: SnapshotChoices & { readonly engine: string },
  refuse: (when: boolean, reason: string) => void,
): void {
  const isUsed = saveAt !== undefined || snapshot !== undefined || restore !== undefined
  refuse(
    (saveAt === undefined) !== (snapshot === undefined),
    '--save-at and --snapshot go together: when, and where to',
  )
  refuse(restore !== undefined && saveAt !== undefined, '--restore starts from a snapshot: it takes no --save-at')
  refuse(
    isUsed && engine !== 'v86',
    '--save-at, --snapshot and --restore need engine v86: QEMU keeps no snapshots here',
  )
}
