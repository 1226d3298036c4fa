// The program isa-pvpanic as a process of its own, from its source.

import { resolve } from 'node:path'

/** Node's arguments before those of the program. */
export const PROGRAM = ['--import', 'tsx', resolve(import.meta.dirname, '../../src/cli/main.ts')]
