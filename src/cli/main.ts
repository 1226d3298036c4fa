#!/usr/bin/env node
// Starts the program isa-pvpanic as a process.

import { isaPvpanic } from './program.js'
import { processStreams } from './terminal.js'

process.exitCode = await isaPvpanic(process.argv.slice(2), processStreams())
