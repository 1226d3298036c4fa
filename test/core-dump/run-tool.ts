// Runs readelf and gdb, which must have nothing to complain of.

import { spawnSync } from 'node:child_process'

/**
 * What the tool prints.
 * @throws {Error} if it is not installed, fails, or complains.
 */
export function runTool(program: 'readelf' | 'gdb', ...args: readonly string[]): string {
  const env = { ...process.env, LC_ALL: 'C' }
  const { stdout, stderr, status, error } = spawnSync(program, args, { encoding: 'utf8', env })
  if (error !== undefined) {
    throw new Error(`cannot run ${program} (${error.message}); "apt-get install binutils gdb" installs it`)
  }
  if (status !== 0 || stderr !== '') throw new Error(`${program} ${args.join(' ')}:\n${stdout}${stderr}`)
  return stdout
}
