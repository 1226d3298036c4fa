// The program isa-pvpanic as a process of its own, from its source.

import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

/** By its path: the program may be started in a folder of its user. */
const LOADER = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href

/** Node's arguments before those of the program. */
export const PROGRAM = ['--import', LOADER, resolve(import.meta.dirname, '../../src/cli/main.ts')]

/** The same for pvpanic-system-x86_64. */
export const SYSTEM_PROGRAM = ['--import', LOADER, resolve(import.meta.dirname, '../../src/cli/system/main.ts')]
