// The QEMU to record from or to compare with: found, asked for its version, and told apart by it.

import { type QemuProfile, qemuProfile } from '../../src/machine/qemu-versions.js'
import { type MachineProgram, QemuError, qemuProgram, qemuVersion } from './qemu-process.js'

/** A QEMU that can be started. */
export interface Reference {
  readonly program: MachineProgram
  /** The first line of its `--version`. */
  readonly title: string
  /** What it is known to do, by its version. */
  readonly qemu: QemuProfile
}

/** The QEMU at `path`; the installed one, or the one that `QEMU` in the environment names, unless given. */
export async function findReference(path?: string): Promise<Reference> {
  const program = qemuProgram(path)
  const title = await qemuVersion(program)
  return { program, title, qemu: qemuProfile(versionIn(title)) }
}

/** The version number in the first line of `--version`, such as 7.2.22. */
export function versionIn(title: string): string {
  const [version] = /\d+\.\d+\.\d+/.exec(title) ?? []
  if (version === undefined) throw new QemuError(`no version number in "${title}"`)
  return version
}
