// Files for the guest's firmware, on the fw_cfg device that v86 has.

import type { FwCfgFile } from '../firmware/pvpanic-port.js'
import type { V86Cpu } from './v86-internals.js'

/** fw_cfg keeps a name in 56 bytes, the last of them 0. */
const LONGEST_NAME = 55

/**
 * Adds files to v86's fw_cfg device. v86 calls its list of files option ROMs, as it has no others itself.
 * @throws {RangeError} for a name that is too long, or that is there already.
 */
export function addFwCfgFiles({ option_roms: present }: V86Cpu, files: readonly FwCfgFile[]): void {
  for (const { name, data } of files) {
    if (name.length > LONGEST_NAME) {
      throw new RangeError(`fw_cfg file ${JSON.stringify(name)}: expected at most ${LONGEST_NAME} characters`)
    }
    if (present.some((file) => file.name === name)) throw new RangeError(`duplicate fw_cfg file name: ${name}`)
    present.push({ name, data })
  }
}
